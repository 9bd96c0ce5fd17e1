using System.Diagnostics;
using System.Globalization;
using Comox.Memory;
using Comox.Memory.Ingestion;
using Comox.Memory.Sessions;
using Comox.Memory.Storage;
using Comox.Memory.SuperPrompt;
using Comox.ServiceDefaults.Contracts.Memory;
using Comox.ServiceDefaults.Contracts.Nodes;
using Comox.ServiceDefaults.Contracts.OpenAI;
using Microsoft.AspNetCore.Builder;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Comox.Benchmarks;

/// <summary>
/// <c>assemble [--turns N] [--session N] [--people P]</c>: how long a whole super-prompt takes, from the request to the durable answer, over a database of N turns, of P people with one
/// character, in sessions of so many; how long recording the reply takes; and how long the next prompt takes after a model has read a fact of the oldest turn. People take turns with
/// conversations of forty messages. SQLite in a folder of its own, with the durability that the product has.
/// </summary>
internal static class AssembleSpeed
{
    private const int TurnsAtOnce = 200;
    private const int LateFacts = 20;
    private const int Messages = 1_000;
    private const int WarmUp = 50;

    public static async Task<int> RunAsync(string[] args)
    {
        var (turns, perSession, people) = (Arguments.Whole(args, "--turns") ?? 100_000, Arguments.Whole(args, "--session") ?? 200, Arguments.Whole(args, "--people") ?? 1);
        var home = Directory.CreateTempSubdirectory("comox-assemble-").FullName;
        try
        {
            await using var app = await StartAsync(home);
            var character = await FillAsync(app, turns, perSession, people);
            await MeasureAsync(app, turns, people, character);
            await MeasureLateFactsAsync(app, character);
            return 0;
        }
        finally
        {
            Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
            Directory.Delete(home, recursive: true);
        }
    }

    private static string Person(int number) => number == 0 ? "mara" : $"person-{number}";

    private static async Task<WebApplication> StartAsync(string home)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { EnvironmentName = "Production", ContentRootPath = home });
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["COMOX_HOME"] = home, ["Comox:ServiceKey"] = "benchmark-service-key-0123456789", ["urls"] = "http://127.0.0.1:0", ["ConnectionStrings:comoxdb"] = null, ["Comox:Memory:WarmPeople"] = "0",
        });
        builder.Logging.ClearProviders();
        builder.AddMemory();
        var app = builder.Build();
        await app.StartAsync();
        return app;
    }

    private static async Task<string> FillAsync(WebApplication app, int count, int perSession, int people)
    {
        var databases = app.Services.GetRequiredService<MemoryDbFactory>();
        var conversations = new Conversations(0);
        string character;
        await using (var db = databases.Open())
            character = await db.Characters.OrderBy(row => row.Slug).Select(row => row.Id).FirstAsync();
        SessionRow? session = null;
        for (var from = 0; from < count; from += TurnsAtOnce)
        {
            await using var db = databases.Open();
            db.ChangeTracker.AutoDetectChangesEnabled = false;
            if (from % perSession == 0)
            {
                session = new SessionRow
                {
                    Id = $"ses_{from:D8}", CharacterId = character, Subject = Person(from / perSession % people), CreatedAt = DateTimeOffset.UnixEpoch, UpdatedAt = DateTimeOffset.UnixEpoch,
                    Version = 1, HeadId = $"trn_{from + perSession - 1:D8}", TurnCount = perSession, TitleDepth = 1, Title = "A talk",
                };
                db.Add(session);
                db.Add(new CursorRow { Worker = "drift", SessionId = session.Id, Number = 1 });
            }

            for (var at = from; at < Math.Min(count, from + TurnsAtOnce); at++)
                Add(db, session!, conversations, at, at % perSession);
            await db.SaveChangesAsync();
        }

        return character;
    }

    private static void Add(MemoryDb db, SessionRow session, Conversations conversations, int at, int place)
    {
        var turn = conversations.Turn(at);
        db.Add(new TurnRow
        {
            Id = turn.Id, SessionId = session.Id, ParentId = place == 0 ? null : $"trn_{at - 1:D8}", Depth = place + 1, Current = true, Number = place + 1,
            Role = place % 2 == 0 ? Utterance.User : Utterance.Assistant, Content = turn.Content, Chain = $"{at:x64}", CreatedAt = turn.SaidAt,
        });
        if (at % 50 != 0)
            return;
        db.Add(new FactRow
        {
            Id = $"fct_{at:D8}_000", TurnId = turn.Id, SessionId = session.Id, CharacterId = session.CharacterId, Subject = session.Subject, About = "", Relation = Relations.Likes,
            Object = $"thing {at}", Retracts = false, QuoteStart = 0, Quote = "thing", SaidAt = turn.SaidAt, TurnNumber = place + 1, Reader = TurnFacts.Reader, Epistemic = Epistemic.Asserted,
            Live = true, ValidFrom = turn.SaidAt,
        });
    }

    private static async Task MeasureAsync(WebApplication app, int turns, int people, string character)
    {
        var questions = new Conversations(1_000).Questions;
        var sessions = new string?[people];
        var asked = 0;
        var (first, assemble, record) = (new List<double>(), new List<double>(), new List<double>());
        for (var person = 0; person < people; person++)
            first.Add((await SayAsync(person)).Prompt);
        for (var number = 0; number < Messages + WarmUp; number++)
        {
            // A new conversation now and then, as people have them.
            var person = number % people;
            sessions[person] = number / people % 40 == 39 ? null : sessions[person];
            var (prompt, reply) = await SayAsync(person);
            if (number < WarmUp)
                continue;
            assemble.Add(prompt);
            record.Add(reply);
        }

        Console.WriteLine("| turns | people | first prompt of a person (index built) p50 | p99 | prompt p50 | p99 | reply recorded p50 | p99 | peak RSS |");
        Console.WriteLine("|---|---|---|---|---|---|---|---|---|");
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"| {turns:N0} | {people:N0} | {At(first, .5):F0} ms | {At(first, .99):F0} ms | {At(assemble, .5):F1} ms | {At(assemble, .99):F1} ms | {At(record, .5):F1} ms | {At(record, .99):F1} ms | {Process.GetCurrentProcess().PeakWorkingSet64 >> 20} MB |"));

        async Task<(double Prompt, double Reply)> SayAsync(int person)
        {
            var number = asked++;
            var start = Stopwatch.GetTimestamp();
            var answer = await app.Services.GetRequiredService<SuperPromptProcedure>().AnswerAsync(
                new SuperPromptRequest
                {
                    RequestId = $"req-{number}", Character = character, Subject = Person(person), Session = sessions[person],
                    Messages = [new ChatMessage("user", questions[number % questions.Count].Text)], Model = "m", Profile = PromptProfile.Standard,
                },
                CancellationToken.None);
            var prompt = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
            sessions[person] = answer.Value!.Session;
            start = Stopwatch.GetTimestamp();
            await app.Services.GetRequiredService<ReplyRecorder>().RecordAsync(
                sessions[person]!, answer.Value.ReplyTurn, new RecordedReply { Content = "Aye, so it was.", FinishReason = "stop", Model = "m", Receipt = answer.Value.Receipt }, CancellationToken.None);
            return (prompt, Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        }
    }

    private static async Task MeasureLateFactsAsync(WebApplication app, string character)
    {
        var procedure = app.Services.GetRequiredService<SuperPromptProcedure>();
        var locks = app.Services.GetRequiredService<ConversationLocks>();
        var (after, without) = (new List<double>(), new List<double>());
        for (var number = 0; number < 2 * LateFacts; number++)
        {
            if (number % 2 == 0)
            {
                await using var db = app.Services.GetRequiredService<MemoryDbFactory>().Open();
                using var held = await locks.TakeAsync(db, "mara", character, CancellationToken.None);
                var log = new SessionLog(db, await db.Sessions.FirstAsync(row => row.Id == "ses_00000000"), TimeProvider.System);
                await log.AppendAsync(
                    CancellationToken.None, new FactsRead("trn_00000000", "reader", [new ReadFact("fct_00000000_000", Relations.Likes, $"thing {number}", false, 0, "thing")]));
                await log.SettleAsync(CancellationToken.None);
                await db.SaveChangesAsync();
            }

            var start = Stopwatch.GetTimestamp();
            await procedure.AnswerAsync(
                new SuperPromptRequest
                {
                    RequestId = $"late-{number}", Character = character, Subject = "mara", Messages = [new ChatMessage("user", "What do I like?")], Model = "m", Profile = PromptProfile.Standard,
                },
                CancellationToken.None);
            (number % 2 == 0 ? after : without).Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        }

        Console.WriteLine();
        Console.WriteLine("| prompt after a late fact p50 | most | without one p50 |");
        Console.WriteLine("|---|---|---|");
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {At(after, .5):F1} ms | {At(after, .99):F1} ms | {At(without, .5):F1} ms |"));
    }

    private static double At(List<double> times, double share)
    {
        times.Sort();
        return times[(int)(times.Count * share)];
    }
}
