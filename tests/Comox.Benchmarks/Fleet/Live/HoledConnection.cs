using System.IO.Pipelines;

namespace Comox.Benchmarks.Fleet.Live;

/// <summary>A connection through which nothing passes, in either direction, while a file is there: the cable is out, and no end of it is seen.</summary>
internal sealed class HoledConnection(IDuplexPipe inner, string hole) : IDuplexPipe
{
    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(20);

    public PipeReader Input { get; } = new Reader(inner.Input, hole);

    public PipeWriter Output { get; } = new Writer(inner.Output, hole);

    private static async ValueTask PassAsync(string hole, CancellationToken cancellation)
    {
        while (File.Exists(hole))
            await Task.Delay(LookAgain, TimeProvider.System, cancellation);
    }

    private sealed class Reader(PipeReader inner, string hole) : PipeReader
    {
        public override void AdvanceTo(SequencePosition consumed) => inner.AdvanceTo(consumed);

        public override void AdvanceTo(SequencePosition consumed, SequencePosition examined) => inner.AdvanceTo(consumed, examined);

        public override void CancelPendingRead() => inner.CancelPendingRead();

        public override void Complete(Exception? exception = null) => inner.Complete(exception);

        public override async ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
        {
            // What came before is held back, too.
            var read = await inner.ReadAsync(cancellationToken);
            if (!read.IsCanceled)
                await PassAsync(hole, cancellationToken);
            return read;
        }

        public override bool TryRead(out ReadResult result)
        {
            result = default;
            return !File.Exists(hole) && inner.TryRead(out result);
        }
    }

    private sealed class Writer(PipeWriter inner, string hole) : PipeWriter
    {
        public override bool CanGetUnflushedBytes => inner.CanGetUnflushedBytes;

        public override long UnflushedBytes => inner.UnflushedBytes;

        public override void Advance(int bytes) => inner.Advance(bytes);

        public override void CancelPendingFlush() => inner.CancelPendingFlush();

        public override void Complete(Exception? exception = null) => inner.Complete(exception);

        public override async ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
        {
            await PassAsync(hole, cancellationToken);
            return await inner.FlushAsync(cancellationToken);
        }

        public override Memory<byte> GetMemory(int sizeHint = 0) => inner.GetMemory(sizeHint);

        public override Span<byte> GetSpan(int sizeHint = 0) => inner.GetSpan(sizeHint);
    }
}
