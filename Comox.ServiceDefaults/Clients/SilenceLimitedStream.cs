namespace Comox.ServiceDefaults.Clients;

/// <summary>
/// A stream to read that fails with a <see cref="NodeSilentException"/> when nothing arrives for a while. A machine that lost its power closes no connection:
/// without this its reader would wait for as long as TCP does, which is hours.
/// </summary>
internal sealed class SilenceLimitedStream(Stream inner, TimeSpan limit, Action? heard, TimeProvider time) : Stream
{
    public override bool CanRead => true;
    public override bool CanSeek => false;
    public override bool CanWrite => false;
    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        using var given = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var read = inner.ReadAsync(buffer, given.Token).AsTask();
        while (!read.IsCompleted)
        {
            var since = time.GetTimestamp();
            using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            if (await Task.WhenAny(read, Task.Delay(limit, time, over.Token)) == read)
            {
                await over.CancelAsync();
                break;
            }

            // A timer that comes this late tells that we were the ones who stood still: what was sent meanwhile has yet to be read.
            if (!cancellationToken.IsCancellationRequested && time.GetElapsedTime(since) >= limit * 1.25)
                continue;
            // The buffer is the caller's again, and soon another's: nothing may write to it any more.
            await given.CancelAsync();
            await ((Task)read).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            cancellationToken.ThrowIfCancellationRequested();
            throw new NodeSilentException(limit);
        }

        var length = await read;
        heard?.Invoke();
        return length;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("This stream is read asynchronously.");

    public override void Flush() => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override async ValueTask DisposeAsync()
    {
        await inner.DisposeAsync();
        await base.DisposeAsync();
    }
}
