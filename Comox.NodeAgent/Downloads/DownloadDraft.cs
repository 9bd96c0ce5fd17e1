namespace Comox.NodeAgent.Downloads;

/// <summary>
/// The file in which a download gathers, with its journal. Thread-safe: several connections write to it.
/// Every ~64 MB its bytes are flushed to the disk, then the journal: a loss of power costs no more than what came since.
/// </summary>
internal sealed class DownloadDraft : IDisposable
{
    private const long FlushEvery = 64 << 20;

    private readonly IDownloadFile _file;
    private readonly Lock _lock = new();
    private readonly RangeSet _have = new();
    private readonly HashSet<string> _sources = [];
    private DownloadJournal _journal;
    private long _unflushed;

    private DownloadDraft(IDownloadFile file, DownloadJournal journal, DownloadOrder order, long size)
    {
        (_file, _journal, Size) = (file, journal, size);

        // A kill costs what was received and not yet noted, on each connection: with four, fifty kills cost about half a percent of a file.
        BlockBytes = (int)Math.Clamp(size / 16_384, 16 << 10, 1 << 20);
        Order = order;
    }

    public DownloadOrder Order { get; }
    public long Size { get; }

    /// <summary>How many bytes are written and noted at once.</summary>
    public int BlockBytes { get; }

    public long Have
    {
        get
        {
            lock (_lock)
                return _have.Count;
        }
    }

    /// <summary>Who sent what is there, those of earlier processes included.</summary>
    public IReadOnlyCollection<string> Sources
    {
        get
        {
            lock (_lock)
                return [.. _sources];
        }
    }

    /// <summary>Opens what an earlier try left, and believes those blocks whose check is right.</summary>
    public static async Task<DownloadDraft> OpenAsync(IDownloadDisk disk, DownloadOrder order, long size, CancellationToken cancellation)
    {
        // Another program's part is a beginning without gaps. It has no journal: its digest decides in the end, as for a source.
        var adopted = order.Beginning is { } beginning && disk.Exists(beginning) && !disk.Exists(order.PartialPath);
        if (adopted)
            disk.Move(order.Beginning!, order.PartialPath);

        var file = disk.Open(order.PartialPath);
        try
        {
            var (journal, claims) = await DownloadJournal.OpenAsync(disk, order.PartialPath, order.Digest, size, cancellation);
            var draft = new DownloadDraft(file, journal, order, size);
            if (file.Length > size)
                file.SetLength(size);
            try
            {
                if (adopted)
                    await draft.AdoptAsync(cancellation);
                else
                    await draft.BelieveAsync(claims, cancellation);
                return draft;
            }
            catch
            {
                journal.Dispose();
                throw;
            }
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    public IReadOnlyList<ByteRange> Missing(ByteRange within)
    {
        lock (_lock)
            return _have.Missing(within);
    }

    public IReadOnlyList<ByteRange> Missing() => Missing(new ByteRange(0, Size));

    public void Write(long offset, ReadOnlySpan<byte> bytes, string source)
    {
        if (bytes.IsEmpty)
            return;
        var range = new ByteRange(offset, offset + bytes.Length);
        _file.Write(offset, bytes);
        _journal.Add(range, bytes, source);
        bool flush;
        lock (_lock)
        {
            _have.Add(range);
            _sources.Add(source);
            _unflushed += bytes.Length;
            flush = _unflushed >= FlushEvery;
            if (flush)
                _unflushed = 0;
        }

        if (flush)
            Flush();
    }

    /// <summary>The bytes first: a line on the disk without them would be read, and fetched, for nothing.</summary>
    public void Flush()
    {
        _file.Flush();
        _journal.Flush();
    }

    /// <summary>Reads the whole and compares its digest.</summary>
    public async Task<bool> IsRightAsync(CancellationToken cancellation)
    {
        using var hash = Order.Digest.Start(Size);
        var buffer = new byte[1 << 20];
        long at = 0;
        while (await _file.ReadAsync(at, buffer, cancellation) is var read and > 0)
        {
            hash.AppendData(buffer, 0, read);
            at += read;
        }

        return at == Size && Order.Digest.IsResultOf(hash);
    }

    /// <summary>Forgets all bytes.</summary>
    public async Task ClearAsync(IDownloadDisk disk, CancellationToken cancellation)
    {
        _journal.Dispose();
        disk.Delete(DownloadJournal.PathOf(Order.PartialPath));
        _file.SetLength(0);
        (_journal, _) = await DownloadJournal.OpenAsync(disk, Order.PartialPath, Order.Digest, Size, cancellation);
        lock (_lock)
        {
            _have.Clear();
            _sources.Clear();
        }
    }

    /// <summary>Removes it from the disk.</summary>
    public void Delete(IDownloadDisk disk)
    {
        Dispose();
        disk.Delete(Order.PartialPath);
        disk.Delete(DownloadJournal.PathOf(Order.PartialPath));
    }

    public void Dispose()
    {
        _file.Dispose();
        _journal.Dispose();
    }

    private async Task BelieveAsync(IReadOnlyList<DownloadJournal.Entry> claims, CancellationToken cancellation)
    {
        var buffer = new byte[1 << 20];
        foreach (var claim in claims)
        {
            if (claim.Range.Length > buffer.Length || await ReadAsync(claim.Range, buffer, cancellation) != claim.Range.Length
                || DownloadJournal.Check(buffer.AsSpan(0, (int)claim.Range.Length)) != claim.Check)
                continue;
            _have.Add(claim.Range);
            _sources.Add(claim.Source);
        }
    }

    private async Task AdoptAsync(CancellationToken cancellation)
    {
        var length = Math.Min(_file.Length, Size);
        var buffer = new byte[BlockBytes];
        for (long at = 0; at < length;)
        {
            var range = new ByteRange(at, Math.Min(at + BlockBytes, length));
            if (await ReadAsync(range, buffer, cancellation) != range.Length)
                return;
            _journal.Add(range, buffer.AsSpan(0, (int)range.Length), DownloadOrder.OtherProgram);
            _have.Add(range);
            _sources.Add(DownloadOrder.OtherProgram);
            at = range.To;
        }
    }

    private async Task<int> ReadAsync(ByteRange range, byte[] buffer, CancellationToken cancellation)
    {
        var read = 0;
        while (read < range.Length && await _file.ReadAsync(range.From + read, buffer.AsMemory(read, (int)range.Length - read), cancellation) is var more and > 0)
            read += more;
        return read;
    }
}
