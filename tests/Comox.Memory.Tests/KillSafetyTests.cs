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
            Assert.Contains("Mara lives in Porto.", recalled.Messages[0].Content);
        }
        finally
        {
            Directory.Delete(home, recursive: true);
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
