using System.Text;
using Comox.Gateway.Backends;
using Comox.Gateway.CircuitBreaking;
using Comox.Gateway.Forwarding;
using Comox.Gateway.Forwarding.Sockets;
using Comox.Gateway.LoadBalancing;
using Comox.Gateway.OpenAI;
using Comox.Gateway.Recall;
using Comox.Gateway.Routing;
using Comox.ServiceDefaults.Contracts.Nodes;
using Microsoft.AspNetCore.Http;

namespace Comox.Gateway.Tests;

public sealed class ReplyPumpTests
{
    [Fact]
    public async Task A_flush_that_hears_of_the_leaving_client_first_loses_nothing()
    {
        using var leave = new CancellationTokenSource();
        Assert.Null(ChatRequestReader.Read(Encoding.UTF8.GetBytes(Chat.CharacterStreamed), out var request));
        await using var exchange = new Exchange(new DefaultHttpContext { RequestAborted = leave.Token }, request!, "req_1", TimeProvider.System, CancellationToken.None)
        {
            Route = new ModelRoute("fake-model", PromptProfile.Standard, "ada"),
            Recalled = new RecalledPrompt("ses_1", "trn_1", "rcp_1", [], 64),
        };
        var timers = new StreamTimers(exchange, Nobody(), new GatewayOptions(), TimeProvider.System);
        var reader = new SseReader(new MemoryStream("""data: {"choices":[{"index":0,"delta":{"content":"Half a"}}]}"""u8.ToArray().Concat("\n\n"u8.ToArray()).ToArray()), 4096);
        await using var opened = new OpenedAnswer(new NoAnswer(), reader, timers, []);
        exchange.Progress.Text = new ReplyText();
        var sink = new BlockedSink();

        var pumping = new ReplyPump(exchange, opened, sink, new RelayGauge(), new GatewayOptions(), TimeProvider.System).RunAsync();
        await sink.Blocked.WaitAsync(TimeSpan.FromSeconds(30));
        // Callbacks run last in, first out: the flush ends, and the pump goes on, before the timers' token is cancelled.
        using var order = leave.Token.Register(sink.Cancel);
        await leave.CancelAsync();

        Assert.Null(await pumping);
        Assert.Equal("Half a", exchange.Progress.Text.ToString());
    }

    /// <summary>A client that reads nothing.</summary>
    private sealed class BlockedSink : IReplySink
    {
        private readonly TaskCompletionSource _flush = new();
        private readonly TaskCompletionSource _blocked = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private bool _written;

        public Task Blocked => _blocked.Task;

        public void Cancel() => _flush.SetCanceled();

        public ValueTask WriteAsync(SseEvent sse)
        {
            _written = true;
            return ValueTask.CompletedTask;
        }

        public ValueTask FlushAsync()
        {
            if (!_written)
                return ValueTask.CompletedTask;
            _blocked.TrySetResult();
            return new ValueTask(_flush.Task);
        }

        public ValueTask CompleteAsync() => ValueTask.CompletedTask;

        public ClientConnection? RelayTarget => null;

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }

    private sealed class NoAnswer : IEngineAnswer
    {
        public int Status => 200;
        public string? MediaType => null;
        public int? RetryAfter => null;
        public Stream Body => Stream.Null;

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }

    private static Backend Nobody() => new()
    {
        Id = "n/chat",
        Kind = BackendKinds.LlamaCpp,
        Model = new EngineModel { Name = "fake-model", Source = ModelSources.Configured, Profile = PromptProfile.Standard },
        BaseAddress = new Uri("http://127.0.0.1:1/v1/"),
        Headers = [],
        NodeReachable = true,
        Load = new BackendLoad("n/chat", 0, new LoadOptions(), TimeProvider.System),
        Circuit = new BackendCircuit(new CircuitOptions(), new Dice(1), TimeProvider.System),
    };
}
