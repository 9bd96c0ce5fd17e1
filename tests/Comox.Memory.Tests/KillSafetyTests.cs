using System.Diagnostics;
using System.Net.Http.Headers;
using Comox.ServiceDefaults.Clients;
using Comox.ServiceDefaults.Contracts.Memory;
using Comox.ServiceDefaults.Contracts.Nodes;
using Comox.ServiceDefaults.Contracts.OpenAI;

namespace Comox.Memory.Tests;

/// <summary>The service as a process of its own, ended without warning right after it has answered.</summary>
public sealed class KillSafetyTests
{
    private const string Listening = "Now listening on: ";

    [Fact]
    public async Task A_killed_process_loses_no_acknowledged_turn()
    {
        var home = Directory.CreateTempSubdirectory("comox-kill-").FullName;
        try
        {
            SuperPromptResponse answer;
            await using (var first = await ServiceProcess.StartAsync(home))
            {
                answer = (await first.Memory.AssembleAsync(Request("req-1", null, "I live in Porto."))).Value!;
                first.Kill();
            }

            await using (var second = await ServiceProcess.StartAsync(home))
            {
                var turn = Assert.Single((await second.Memory.GetSessionAsync(answer.Session)).Value!.Turns);
                Assert.Equal((answer.UserTurn, "I live in Porto."), (turn.Id, turn.Content));

                // The reply comes late, from the gateway's outbox, and the client's repeat stores nothing again.
                var again = (await second.Memory.AssembleAsync(Request("req-1", null, "I live in Porto."))).Value!;
                Assert.Equal(answer.ReplyTurn, again.ReplyTurn);
                var reply = new RecordedReply { Content = "Aye.", FinishReason = "stop", Model = "m", Receipt = answer.Receipt };
                Assert.True((await second.Memory.RecordReplyAsync(answer.Session, answer.ReplyTurn, reply)).IsSuccess);
                second.Kill();
            }

            await using var third = await ServiceProcess.StartAsync(home);
            Assert.Equal(2, (await third.Memory.GetSessionAsync(answer.Session)).Value!.Turns.Count);
            var recalled = (await third.Memory.AssembleAsync(Request("req-2", null, "Where do I live?"))).Value!;
            Assert.NotEqual(answer.Session, recalled.Session);
            Assert.Contains("Mara lives in Porto.", recalled.Messages[^1].Content);
        }
        finally
        {
            Directory.Delete(home, recursive: true);
        }
    }

    /// <summary>
    /// A chat that goes on across kills: whatever was not acknowledged is sent again with its id, as the gateway does. 200 kills take some minutes:
    /// <c>COMOX_TEST_KILLS=200</c>.
    /// </summary>
    [Fact]
    public async Task Killed_at_random_moments_it_loses_no_acknowledged_turn_doubles_none_and_its_projections_are_those_of_a_replay()
    {
        var kills = int.Parse(Environment.GetEnvironmentVariable("COMOX_TEST_KILLS") ?? "8", System.Globalization.CultureInfo.InvariantCulture);
        var random = new Random(11);
        var home = Directory.CreateTempSubdirectory("comox-kill-").FullName;
        var chat = new Chat();
        var answered = 0;
        try
        {
            for (var kill = 0; kill < kills; kill++)
            {
                await using var service = await ServiceProcess.StartAsync(home);
                using var over = new CancellationTokenSource();
                var talking = chat.GoOnAsync(service.Memory, over.Token);
                // A young process is slow: mostly it is let come to its first answer of this life before the moment is drawn. Nothing waits for the moment.
                if (random.Next(4) > 0)
                {
                    await Task.WhenAny(talking, chat.NextAcknowledged);
                    answered++;
                }

                await Task.WhenAny(talking, Task.Delay(TimeSpan.FromMilliseconds(random.Next(5, 400)), TimeProvider.System, TestContext.Current.CancellationToken));
                service.Kill();
                await over.CancelAsync();
                await talking;
            }

            await using var memory = await MemoryHost.StartAsync(home);
            await chat.FinishAsync(memory.Client);
            var turns = (await memory.Client.GetTreeAsync(chat.Session!)).Value!.Turns;
            // How many more there are is a matter of how busy the machine is.
            Assert.InRange(chat.Acknowledged.Count, answered, int.MaxValue);
            Assert.Equal([], chat.Acknowledged.Except(turns.Select(turn => turn.Id)));
            Assert.Equal(turns.Count, turns.Select(turn => turn.Content).Distinct().Count());
            Assert.Equal(turns.Count, turns.Count(turn => turn.Current));

            await memory.SettledAsync();
            var built = await ProjectionDump.OfAsync(memory);
            Assert.True((await memory.Client.ReplaySessionAsync(chat.Session!)).IsSuccess);
            Assert.Equal(built, await ProjectionDump.OfAsync(memory));
        }
        finally
        {
            Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
            Directory.Delete(home, recursive: true);
        }
    }

    /// <summary>One person who says one thing after the other; each is said until it is acknowledged.</summary>
    private sealed class Chat
    {
        private static readonly string[] Towns = ["Porto", "Lyon", "Graz", "Brest", "Genoa"];

        private TaskCompletionSource _next = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _said;
        private SuperPromptResponse? _open;

        public string? Session { get; private set; }

        /// <summary>Ids of the turns that the service said it has.</summary>
        public List<string> Acknowledged { get; } = [];

        public Task NextAcknowledged => _next.Task;

        public async Task GoOnAsync(MemoryClient memory, CancellationToken over)
        {
            while (!over.IsCancellationRequested && await StepAsync(memory))
                Interlocked.Exchange(ref _next, new(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();
        }

        public async Task FinishAsync(MemoryClient memory)
        {
            Assert.True(await StepAsync(memory));
            if (_open is not null)
                Assert.True(await StepAsync(memory));
        }

        /// <returns>Whether it was acknowledged.</returns>
        private async Task<bool> StepAsync(MemoryClient memory)
        {
            if (_open is null)
            {
                var asked = await memory.AssembleAsync(Request($"req-{_said}", Session, $"I moved to {Towns[_said % Towns.Length]}. That is message {_said}."));
                if (!asked.IsSuccess)
                    return false;
                (_open, Session) = (asked.Value, asked.Value.Session);
                Acknowledged.Add(asked.Value.UserTurn);
                return true;
            }

            var reply = new RecordedReply { Content = $"Reply {_said}.", FinishReason = "stop", Model = "m", Receipt = _open.Receipt };
            if (!(await memory.RecordReplyAsync(_open.Session, _open.ReplyTurn, reply)).IsSuccess)
                return false;
            Acknowledged.Add(_open.ReplyTurn);
            (_open, _said) = (null, _said + 1);
            return true;
        }
    }

    private static SuperPromptRequest Request(string id, string? session, string text) => new()
    {
        RequestId = id, Character = "brine", Subject = "mara", Session = session, Messages = [new ChatMessage("user", text)], Model = "m", Profile = PromptProfile.Standard,
    };

    private sealed class ServiceProcess : IAsyncDisposable
    {
        private readonly Process _process;
        private readonly HttpClient _http;

        private ServiceProcess(Process process, string address)
        {
            _process = process;
            _http = new HttpClient { BaseAddress = new Uri(address) };
            _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", MemoryHost.Key);
            Memory = new MemoryClient(_http);
        }

        public MemoryClient Memory { get; }

        public static async Task<ServiceProcess> StartAsync(string home)
        {
            var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "Comox.Memory.dll"), "--urls", "http://127.0.0.1:0"]) { RedirectStandardOutput = true };
            start.Environment["COMOX_HOME"] = home;
            start.Environment["Comox__ServiceKey"] = MemoryHost.Key;
            start.Environment["ConnectionStrings__comoxdb"] = "";
            var process = Process.Start(start)!;
            while (await process.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken) is { } line)
            {
                if (line.IndexOf(Listening, StringComparison.Ordinal) is >= 0 and var at)
                    return new ServiceProcess(process, line[(at + Listening.Length)..].Trim());
            }

            throw new InvalidOperationException("The service ended before it listened.");
        }

        /// <summary>SIGKILL: the process gets no chance to write anything more.</summary>
        public void Kill() => _process.Kill();

        public async ValueTask DisposeAsync()
        {
            _http.Dispose();
            _process.Kill();
            await _process.WaitForExitAsync();
            _process.Dispose();
        }
    }
}
