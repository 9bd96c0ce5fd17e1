using Comox.Memory.Identity;
using Comox.Memory.Identity.Drift;
using Comox.Memory.Ingestion;
using Comox.Memory.Recall;
using Comox.Memory.Sessions;
using Comox.Memory.ShortTerm;
using Comox.Memory.Storage;
using Comox.ServiceDefaults;
using Comox.ServiceDefaults.Clients;
using Comox.ServiceDefaults.Contracts.Memory;
using Comox.ServiceDefaults.Contracts.Nodes;
using Comox.ServiceDefaults.Contracts.OpenAI;
using Microsoft.EntityFrameworkCore;

namespace Comox.Memory.SuperPrompt;

/// <summary>Recalls for a prepared line and writes the prompt with its receipt.</summary>
internal sealed class PromptAssembly(RecallIndexes indexes, SideLaneSources sources, IntentRole intents, IEnumerable<IPromptFormat> formats, DriftTracker drift, TimeProvider time)
{
    /// <returns>The receipt, the answer, and what the prompt has words of beside the running conversation and what was recalled: ids of turns and summaries.</returns>
    public async Task<ApiResult<(Receipt Receipt, SuperPromptResponse Response, IReadOnlyList<string> Sources)>> AssembleAsync(
        MemoryDb db, SuperPromptRequest request, Character character, PreparedLine line, SentMessages sent, CancellationToken cancellation)
    {
        if (formats.FirstOrDefault(format => format.Name == request.Profile.SystemFormat) is not { } format)
        {
            return new ApiError(
                StatusCodes.Status400BadRequest,
                ErrorCodes.InvalidRequest,
                $"The profile '{request.Profile.Id}' asks for the system format '{request.Profile.SystemFormat}'; known are {string.Join(", ", formats.Select(known => known.Name))}.",
                "profile.system_format");
        }

        var background = BackgroundCalls.IsSubject(request.Subject);
        var index = background ? new RecallIndex() : await indexes.OpenAsync(db, request.Subject, character.Id, cancellation);
        if (line.Branched && !background)
            indexes.Anticipate(request.Subject, character.Id, line.Session.Id, await LineAsync(db, line, request.Subject, character, cancellation));
        var facts = index.FactsKnownTo(character.Id, line.NewFacts);
        var person = BackgroundCalls.PersonOf(request.Subject);
        var user = UserName.For(person, facts);
        var lanes = background ? SideLanes.None : await sources.AskAsync(db, request.Subject, character.Id, index.HasHosts, line.UserTurn.Content, cancellation);
        var query = new RecallQuery
        {
            Text = line.UserTurn.Content,
            At = line.UserTurn.CreatedAt,
            Zone = time.LocalTimeZone,
            Asker = request.Subject,
            Addressee = character.Row.Name,
            Witness = character.Id,
            // A message that is sent again is stored already, and would find itself.
            Except = line.UserTurn.Id,
            Dense = lanes.Dense,
            Graph = lanes.Graph,
        };
        var (intent, intentNote) = background ? (null, null) : await intents.AskAsync(query.Text, Intents.Of(query), cancellation);
        var recalled = Recaller.Recall(index, facts, query with { Intent = intent });
        var summaries = await Summaries.ForWindowAsync(db, line.Session.Id, line.Path, line.UserTurn.Depth - request.Profile.HistoryTurns, cancellation);
        var scene = await Scenes.OfAsync(db, line.Session.Id, line.Branched ? [.. line.Path, .. line.Added.SkipLast(1)] : null, cancellation);
        var assembled = format.Assemble(new PromptParts
        {
            Card = character.Card,
            User = user,
            Profile = request.Profile,
            Line = [.. line.Path.Concat(line.Added).TakeLast(request.Profile.HistoryTurns + History.MaxBlock).Select(turn => new LineTurn(turn.Id, turn.Role, turn.Content, turn.Depth))],
            Zone = time.LocalTimeZone,
            Recalled = recalled.Candidates,
            ClientInstructions = sent.Instructions,
            Summaries = [.. summaries.Select(row => new LineSummary(row.Depth, row.Content))],
            Scene = await WordsAsync(db, scene, cancellation),
            Reanchor = background ? null : drift.ReminderFor(character, line.Path, user),
        });
        if (!assembled.IsSuccess)
            return assembled.Error;

        var prompt = assembled.Value;
        var receipt = new Receipt
        {
            Id = Ids.New("rcp", time),
            CreatedAt = time.Now(),
            Session = line.Session.Id,
            UserTurn = line.UserTurn.Id,
            ReplyTurn = Ids.New("trn", time),
            Subject = person,
            Character = character.Slug,
            IdentityVersion = character.Row.IdentityVersion,
            Model = request.Model,
            Profile = request.Profile.Id,
            Messages = prompt.Messages,
            Budget = prompt.Budget,
            Intent = System.Text.Json.JsonNamingPolicy.SnakeCaseLower.ConvertName(recalled.Intent.ToString()),
            Window = recalled.Window is { } window ? new ReceiptWindow(window.From, window.To) : null,
            Recalled = prompt.Recalled,
            Notes = [.. prompt.Notes, .. Notes(line, sent, background), .. new[] { lanes.Note, intentNote }.OfType<string>()],
        };
        IReadOnlyList<string> shown =
        [
            .. facts.Where(fact => fact is { Relation: Relations.Name, About: "" }).Select(fact => fact.TurnId),
            .. recalled.Candidates.Select(candidate => candidate.Fact?.Replaced?.TurnId).OfType<string>(),
            // Of what was heard as a guest the session, too, as with all that is recalled of it.
            .. recalled.Candidates.Select(candidate => candidate.Fact?.Replaced).OfType<ToldFact>().Where(fact => index.HostOf(fact.SessionId) is not null).Select(fact => fact.SessionId),
            .. new[] { scene.Since.Place, scene.Since.Time }.OfType<string>(),
            .. summaries.Where(row => prompt.Messages[0].Content?.Contains(row.Content, StringComparison.Ordinal) == true).Select(row => row.Id),
        ];
        return (receipt, new SuperPromptResponse
        {
            Session = receipt.Session,
            UserTurn = receipt.UserTurn,
            ReplyTurn = receipt.ReplyTurn,
            Receipt = receipt.Id,
            Messages = receipt.Messages,
            MaxReplyTokens = MostOfReply(request.Profile, receipt.Budget.EstimatedTokens),
        }, shown);
    }

    // Beyond what is kept free for a reply the room is an estimate: an engine that has less refuses the whole request.
    private static int MostOfReply(PromptProfile profile, int prompt)
    {
        var room = profile.ContextTokens - prompt;
        return Math.Max(1, Math.Max(Math.Min(profile.ReplyTokens, room), room - (prompt / 8)));
    }

    private static async Task<string?> WordsAsync(MemoryDb db, Scene scene, CancellationToken cancellation)
    {
        if (scene.IsEmpty)
            return null;
        var names = scene.Present.Count == 0
            ? []
            : await db.Characters.AsNoTracking().Where(row => scene.Present.Contains(row.Id)).OrderBy(row => row.Name).Select(row => row.Name).ToListAsync(cancellation);
        return string.Join('\n', new[]
        {
            scene.Place is null ? "" : $"Place: {scene.Place}", scene.Time is null ? "" : $"Time: {scene.Time}", names.Count == 0 ? "" : $"Present: {string.Join(", ", names)}",
        }.Where(words => words.Length > 0));
    }

    private static IEnumerable<string> Notes(PreparedLine line, SentMessages sent, bool background)
    {
        if (background)
            yield return "This is the client's own task about a chat: it is kept apart from the person's conversations and nothing is remembered for it or from it.";
        if (sent.Ignored > 0)
            yield return $"{sent.Ignored} messages with roles other than system, user and assistant were ignored.";
        if (line.Added.Count > 1)
            yield return $"{line.Added.Count - 1} messages of the client's transcript were not known and were taken over.";
        if (line.Branched)
            yield return "The client's transcript differs from what was stored: the turns it no longer contains have left the conversation.";
    }

    private static async Task<List<(RecallTurn Turn, IReadOnlyList<ToldFact> Facts)>> LineAsync(
        MemoryDb db, PreparedLine line, string subject, Character character, CancellationToken cancellation)
    {
        var depths = line.Path.ToDictionary(turn => turn.Id, turn => turn.Depth, StringComparer.Ordinal);
        var facts = (await db.Facts.AsNoTracking().Where(fact => fact.SessionId == line.Session.Id).OrderBy(fact => fact.Id).ToListAsync(cancellation))
            .Where(fact => depths.ContainsKey(fact.TurnId))
            .ToLookup(fact => fact.TurnId, fact => ToldFact.From(fact, depths[fact.TurnId]));
        return [.. line.Path.Select(turn => (RecallTurn.From(turn, turn.Role == Utterance.User ? subject : character.Row.Name), (IReadOnlyList<ToldFact>)[.. facts[turn.Id]]))];
    }
}
