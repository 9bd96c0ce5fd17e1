using System.Net;
using Comox.Gateway.Backends;
using Comox.Gateway.Forwarding;
using Comox.Gateway.Recall;
using Comox.ServiceDefaults;
using Comox.ServiceDefaults.Contracts.Memory;
using Comox.ServiceDefaults.Contracts.OpenAI;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Comox.Gateway.Tests;

/// <summary>What becomes of chats in flight when the host stops.</summary>
public abstract class DrainTests(string relay) : BothRelays(relay)
{
    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(1);

    [Fact]
    public async Task A_stream_that_outlives_the_grace_ends_with_an_error_event_and_keeps_what_was_said()
    {
        await using var gateway = await StartAsync(new() { HangAfter = 3 }, settings: ("DrainTimeout", "00:00:00.100"));
        gateway.Memory.RecordGate = FakeMemory.Closed();
        using var response = await gateway.SendAsync(Chat.CharacterStreamed);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
        while (await reader.ReadLineAsync() is { } line && !line.Contains("from"))
        {
        }

        await HostOf(gateway).StopAsync().WaitAsync(Bound);

        var events = Chat.Events((await reader.ReadToEndAsync()).TrimStart('\n'));
        Assert.Contains(ErrorCodes.EngineUnavailable, Assert.Single(events));
        Assert.Contains("stopping", events[0]);
        Assert.Equal([("Hello from", "error")], LeftIn(gateway));
    }

    [Fact]
    public async Task An_unstreamed_answer_that_outlives_the_grace_is_a_503_and_keeps_what_was_said()
    {
        await using var gateway = await StartAsync(new() { HangAfter = 3 }, settings: ("DrainTimeout", "00:00:02"));
        gateway.Memory.RecordGate = FakeMemory.Closed();
        var sent = gateway.SendAsync(Chat.CharacterWhole);
        await gateway.Node.NextRequestAsync();

        await HostOf(gateway).StopAsync().WaitAsync(Bound);

        using var response = await sent;
        Assert.Equal(TimeSpan.FromSeconds(2), response.Headers.RetryAfter?.Delta);
        Assert.Equal((503, ErrorCodes.EngineUnavailable, "The gateway is stopping. Send the request again."), await response.ErrorAsync());
        Assert.Equal([("Hello from", RecordedReply.Unseen)], LeftIn(gateway));
    }

    [Fact]
    public async Task A_request_that_still_waits_for_memory_is_a_503()
    {
        await using var gateway = await StartAsync(settings: ("DrainTimeout", "00:00:00.100"));
        gateway.Memory.PromptGate = FakeMemory.Closed();
        var sent = gateway.SendAsync(Chat.CharacterStreamed);
        await Eventually.IsTrueAsync(() => !gateway.Memory.Prompts.IsEmpty, "memory is asked");

        await HostOf(gateway).StopAsync().WaitAsync(Bound);

        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await sent).StatusCode);
    }

    [Fact]
    public async Task An_answer_that_ends_within_the_grace_is_whole()
    {
        await using var gateway = await StartAsync(new() { HoldAfter = 3 }, settings: ("DrainTimeout", "00:01:00"));
        using var response = await gateway.SendAsync(Chat.Streamed);
        await gateway.Node.NextRequestAsync();

        var stopping = HostOf(gateway).StopAsync();
        gateway.Node.Release();

        Assert.EndsWith("data: [DONE]\n\n", await response.Content.ReadAsStringAsync());
        await stopping.WaitAsync(Bound);
    }

    [Fact]
    public async Task A_web_server_that_does_not_wait_loses_nothing()
    {
        await using var gateway = await StartAsync(new() { HangAfter = 3 }, settings: ("DrainTimeout", "01:00:00"));
        gateway.Memory.RecordGate = FakeMemory.Closed();
        using var response = await gateway.SendAsync(Chat.CharacterStreamed);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
        while (await reader.ReadLineAsync() is { } line && !line.Contains("from"))
        {
        }

        using var impatient = new CancellationTokenSource(TimeSpan.FromMilliseconds(100), TimeProvider.System);
        await Record.ExceptionAsync(() => HostOf(gateway).StopAsync(impatient.Token).WaitAsync(Bound));

        Assert.Equal(["Hello from"], LeftIn(gateway).Select(left => left.Content));
    }

    [Fact]
    public async Task A_node_whose_stream_ends_with_ours_is_not_called_lost()
    {
        await using var gateway = await StartAsync();
        var watcher = gateway.Service.Services.GetServices<IHostedService>().OfType<NodeWatcher>().Single();

        gateway.Service.Services.GetRequiredService<IHostApplicationLifetime>().StopApplication();
        gateway.Node.DropWatchers();

        await watcher.ExecuteTask!.WaitAsync(Bound);
        Assert.DoesNotContain(gateway.Log.Lines, line => line.Message.StartsWith("Node lost", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_reply_that_cannot_be_recorded_while_stopping_stays_on_disk_without_a_warning()
    {
        await using var gateway = await StartAsync();
        gateway.Memory.RecordGate = FakeMemory.Closed();
        await (await gateway.SendAsync(Chat.CharacterStreamed)).Content.ReadAsStringAsync();
        await gateway.Memory.RecordAttempts.WaitAsync();

        gateway.Service.Services.GetRequiredService<IHostApplicationLifetime>().StopApplication();
        gateway.Memory.Failure = new ApiError(403, ErrorCodes.NotAllowed, "not now");
        gateway.Memory.RecordGate.SetResult();
        await Eventually.IsTrueAsync(() => gateway.Memory.Refusals >= 2, "memory has refused twice");
        await HostOf(gateway).StopAsync().WaitAsync(Bound);

        Assert.Equal([("Hello from the fake.", "stop")], LeftIn(gateway));
        Assert.DoesNotContain(gateway.Log.Lines, line => line.Message.Contains("could not be recorded"));
    }

    private static IHost HostOf(GatewayUnderTest gateway) => gateway.Service.Services.GetRequiredService<IHost>();

    private static IReadOnlyList<(string Content, string FinishReason)> LeftIn(GatewayUnderTest gateway)
    {
        using var outbox = ReplyOutbox.Open(Path.Combine(gateway.HomePath, "gateway", "outbox.db"));
        return [.. outbox.ReadAll().Select(stored => (stored.Pending.Reply.Content, stored.Pending.Reply.FinishReason))];
    }
}

public sealed class PortableDrainTests() : DrainTests(RelayOptions.Portable);

public sealed class LinuxDrainTests() : DrainTests(RelayOptions.Linux);
