using Microsoft.Extensions.Hosting;

namespace Comox.Web.Tests;

/// <summary>A host that can be told to stop.</summary>
internal sealed class FakeHost : IHostApplicationLifetime, IDisposable
{
    private readonly CancellationTokenSource _stopping = new();

    public CancellationToken ApplicationStarted => default;
    public CancellationToken ApplicationStopping => _stopping.Token;
    public CancellationToken ApplicationStopped => default;

    public void Stop() => _stopping.Cancel();

    public void Dispose() => _stopping.Dispose();

    public void StopApplication() => throw new NotSupportedException("A page must not stop the host.");
}
