using Comox.FakeBackend;
using Comox.Gateway.Forwarding;

namespace Comox.Gateway.Tests;

/// <summary>A client that leaves frees the engine, in every phase. The bound is generous; what is asserted is the engine's own signal.</summary>
public abstract class CancellationTests(string relay) : BothRelays(relay)
{
    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(1);

    public static TheoryData<string, FakeScript, bool> Phases => new()
    {
        { "before headers", new FakeScript { HoldHeaders = true }, true },
        { "before the first token", new FakeScript { HangAfter = 0, HeartbeatEvery = TimeSpan.FromMilliseconds(50) }, true },
        { "mid-stream", new FakeScript { HangAfter = 3 }, true },
        { "at the end of the stream", new FakeScript { OmitDone = true, HangAtEnd = true }, true },
        { "not streamed, before headers", new FakeScript { HoldHeaders = true }, false },
        { "not streamed, mid-answer", new FakeScript { HangAfter = 3 }, false },
        { "while the engine floods", new FakeScript { Tokens = [.. Enumerable.Repeat("word ", 100_000)], TokensPerSecond = 2000 }, true },
    };

    [Theory]
    [MemberData(nameof(Phases))]
    public async Task A_client_that_leaves_frees_the_engine(string phase, FakeScript script, bool streamed)
    {
        await using var gateway = await StartAsync(script);
        using var leave = new CancellationTokenSource();

        var sent = gateway.SendAsync(streamed ? Chat.Streamed : Chat.Whole, cancellation: leave.Token);
        var request = await gateway.Node.NextRequestAsync();
        if (streamed && phase is not "before headers" and not "before the first token")
        {
            using var response = await sent;
            await (await response.Content.ReadAsStreamAsync()).ReadExactlyAsync(new byte[1]);
        }

        Assert.False(request.Aborted.IsCompleted);
        await leave.CancelAsync();
        await Record.ExceptionAsync(() => sent);

        await request.Aborted.WaitAsync(Bound);
    }

    [Fact]
    public async Task A_client_that_leaves_while_memory_works_reaches_no_engine()
    {
        await using var gateway = await StartAsync();
        gateway.Memory.PromptGate = FakeMemory.Closed();
        using var leave = new CancellationTokenSource();

        var sent = gateway.SendAsync(Chat.CharacterStreamed, cancellation: leave.Token);
        await Eventually.IsTrueAsync(() => !gateway.Memory.Prompts.IsEmpty, "memory is asked");
        await leave.CancelAsync();
        await Record.ExceptionAsync(() => sent);
        // An answer that comes before the gateway has heard of the leaving is another case.
        await Eventually.IsTrueAsync(() => gateway.Memory.GivenUp == 1, "the gateway waits for memory no longer");
        gateway.Memory.PromptGate.SetResult();

        using var next = await gateway.SendAsync(Chat.Whole);
        Assert.Equal("fake-model", gateway.Node.Requests.Single().Json.GetProperty("model").GetString());
    }
}

public sealed class PortableCancellationTests() : CancellationTests(RelayOptions.Portable);

public sealed class LinuxCancellationTests() : CancellationTests(RelayOptions.Linux);
