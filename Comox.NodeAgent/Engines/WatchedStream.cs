using System.Net;

namespace Comox.NodeAgent.Engines;

/// <summary>Takes each piece that is read; an empty one is the end.</summary>
internal delegate void Came(ReadOnlySpan<byte> bytes);

/// <summary>A body that tells when it is waited for and what has come.</summary>
internal sealed class WatchedStream(Stream body, Came came, Action? awaits = null) : Stream
{
    public override bool CanRead => true;
    public override bool CanSeek => false;
    public override bool CanWrite => false;
    public override long Length => throw new NotSupportedException();
    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        awaits?.Invoke();
        var count = await body.ReadAsync(buffer, cancellationToken);
        if (buffer.Length > 0)
            came(buffer.Span[..count]);
        return count;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    public override void Flush() => throw new NotSupportedException();
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
    public override void SetLength(long value) => throw new NotSupportedException();
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            body.Dispose();
        base.Dispose(disposing);
    }
}

/// <summary>An engine's answer that tells a <see cref="RunningAnswer"/> of what is read from it.</summary>
internal sealed class WatchedContent(HttpContent answer, RunningAnswer running) : HttpContent
{
    protected override Task<Stream> CreateContentReadStreamAsync() => CreateContentReadStreamAsync(CancellationToken.None);

    protected override async Task<Stream> CreateContentReadStreamAsync(CancellationToken cancellationToken) =>
        new WatchedStream(await answer.ReadAsStreamAsync(cancellationToken), running.Came, running.Awaits);

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => answer.CopyToAsync(stream, context);

    protected override bool TryComputeLength(out long length)
    {
        length = answer.Headers.ContentLength ?? 0;
        return answer.Headers.ContentLength is not null;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            answer.Dispose();
        base.Dispose(disposing);
    }
}
