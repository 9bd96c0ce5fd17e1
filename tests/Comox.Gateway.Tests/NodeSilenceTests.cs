using System.Net;
using Comox.ServiceDefaults.Clients;
using Microsoft.Extensions.Time.Testing;

namespace Comox.Gateway.Tests;

public sealed class NodeSilenceTests
{
    [Fact]
    public async Task Who_gives_a_silent_node_up_leaves_no_read_behind_that_could_still_write_to_its_buffer()
    {
        var time = new FakeTimeProvider();
        await using var stream = new SilentStream();
        using var http = new HttpClient(new Answer(stream)) { BaseAddress = new Uri("http://node/") };
        var watch = new NodeAgentClient(http, time).WatchAsync(cancellation: TestContext.Current.CancellationToken).GetAsyncEnumerator(TestContext.Current.CancellationToken);
        var next = watch.MoveNextAsync().AsTask();
        await stream.Begun.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);

        await Eventually.IsTrueAsync(
            () =>
            {
                if (!next.IsCompleted)
                    time.Advance(TimeSpan.FromMilliseconds(100));
                return next.IsCompleted;
            },
            "the node is given up");

        await Assert.ThrowsAsync<NodeSilentException>(() => next);
        Assert.True(stream.Ended.IsCompleted);
    }

    private sealed class Answer(Stream stream) : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            Task.FromResult(new HttpResponseMessage(HttpStatusCode.OK) { Content = new StreamContent(stream) });
    }

    /// <summary>Says nothing; a read ends by being cancelled, and not before.</summary>
    private sealed class SilentStream : MemoryStream
    {
        private readonly TaskCompletionSource _begun = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource _ended = new();

        public Task Begun => _begun.Task;
        public Task Ended => _ended.Task;

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            _begun.TrySetResult();
            try
            {
                await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken);
                return 0;
            }
            finally
            {
                _ended.TrySetResult();
            }
        }
    }
}
