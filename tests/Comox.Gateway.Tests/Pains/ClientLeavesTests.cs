using Comox.FakeBackend;
using Comox.Gateway.Backends;
using Comox.Gateway.CircuitBreaking;

namespace Comox.Gateway.Tests.Pains;

/// <summary>Pain 1: a client that leaves and an engine that works on for nobody. What is measured is the engine's own signal.</summary>
public sealed class ClientLeavesTests
{
    // The promise is 100 ms on a machine that has nothing else to do; tests share theirs.
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(2);

    public static TheoryData<string, string, string> Cases()
    {
        var cases = new TheoryData<string, string, string>();
        foreach (var kind in (string[])[BackendKinds.VLlm, BackendKinds.OpenAI, BackendKinds.LlamaCpp])
        {
            foreach (var api in (string[])["chat/completions", "completions", "responses", "messages"])
            {
                foreach (var phase in (string[])["before headers", "before the first token", "mid-stream", "not streamed"])
                    cases.Add(kind, api, phase);
            }

            cases.Add(kind, "embeddings", "not streamed");
        }

        return cases;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task The_engine_is_free_when_its_client_has_left(string kind, string api, string phase)
    {
        FakeScript script = phase switch
        {
            "before the first token" => new() { HangAfter = 0 },
            "mid-stream" => new() { HangAfter = 3 },
            _ => new() { HoldHeaders = true },
        };
        await using var routed = await RoutedGateway.StartAsync(new At("a", kind) { Script = script });
        using var leave = new CancellationTokenSource();

        Task sent = routed.SendAsync(BodyOf(api, phase != "not streamed"), $"/v1/{api}", cancellation: leave.Token);
        var request = await routed.Servers[0].NextRequestAsync().WaitAsync(TimeSpan.FromSeconds(30));
        if (phase == "mid-stream")
        {
            var answer = await (await (Task<HttpResponseMessage>)sent).Content.ReadAsStreamAsync();
            await answer.ReadExactlyAsync(new byte[1]);
            // A client that only disposes its answer stays for a while, in the hope to reuse its connection.
            sent = answer.CopyToAsync(Stream.Null, leave.Token);
        }

        Assert.False(request.Aborted.IsCompleted);
        await leave.CancelAsync();
        await Record.ExceptionAsync(() => sent);

        await request.Aborted.WaitAsync(Bound);
        await routed.IsIdleAsync();
        Assert.Equal(CircuitState.Closed, routed.Backends.Single().Circuit.State);
    }

    private static string BodyOf(string api, bool stream)
    {
        var payload = api switch
        {
            "chat/completions" => "\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]",
            "messages" => "\"max_tokens\":9,\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]",
            "completions" => "\"prompt\":\"Hi\"",
            _ => "\"input\":\"Hi\"",
        };
        return $$"""{"model":"m",{{payload}}{{(stream ? ",\"stream\":true" : "")}}}""";
    }
}
