using System.Security.Cryptography;
using Comox.NodeAgent.Downloads;

namespace Comox.NodeAgent.Tests.Downloads;

/// <summary>A download that ends at any byte, and then begins again in another process.</summary>
public sealed class KilledDownloadTests
{
    private const string Path = "/drive/blob.comox.incomplete";

    private ContentDigest? _digest;

    [Theory]
    [InlineData(1, 4)]
    [InlineData(2, 4)]
    [InlineData(3, 1)]
    public async Task Killed_50_times_at_random_bytes_it_ends_right_and_fetches_at_most_2_percent_again(int seed, int connections)
    {
        var random = new Random(seed);
        var file = new byte[64 << 20];
        random.NextBytes(file);
        var disk = new FrailDisk(random);
        var source = new MortalSource(file);

        for (var kill = 0; kill < 50; kill++)
        {
            source.Left = random.NextInt64(1, file.Length / 50);
            await Assert.ThrowsAsync<Killed>(() => RunAsync(file, disk, source, connections));
            source.Revive();
        }

        source.Left = long.MaxValue;
        Assert.True((await RunAsync(file, disk, source, connections)).IsSuccess);
        Assert.True(disk.ContentOf(Path).SequenceEqual(file));
        Assert.InRange(source.Sent, file.Length, file.Length * 1.02);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    public async Task Power_that_fails_between_any_two_writes_never_leaves_bytes_that_are_believed_and_wrong(int seed)
    {
        var random = new Random(seed);
        var file = new byte[3_000_000];
        random.NextBytes(file);
        var disk = new FrailDisk(random);
        var source = new MortalSource(file);

        for (var failure = 0; failure < 100; failure++)
        {
            disk.WritesLeft = random.Next(1, 60);
            try
            {
                if ((await RunAsync(file, disk, source, connections: random.Next(1, 5))).IsSuccess)
                    Assert.True(disk.ContentOf(Path).SequenceEqual(file));
            }
            catch (Killed)
            {
                // The way every try but the last ends.
            }

            // What was not flushed is there in part: any of the writes, in any order, and some of them torn.
            disk.LosePower();
            source.Revive();
        }

        disk.WritesLeft = long.MaxValue;
        Assert.True((await RunAsync(file, disk, source, connections: 4)).IsSuccess);
        Assert.True(disk.ContentOf(Path).SequenceEqual(file));
        Assert.Equal(0, disk.Discarded); // Never did wrong bytes get as far as the digest.
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task A_damaged_journal_costs_bytes_and_never_the_file(int seed)
    {
        var random = new Random(seed);
        var file = new byte[1_000_000];
        random.NextBytes(file);
        var disk = new FrailDisk(random);
        var source = new MortalSource(file);
        for (var damage = 0; damage < 40; damage++)
        {
            source.Left = random.Next(1, file.Length / 10);
            await Assert.ThrowsAnyAsync<Exception>(() => RunAsync(file, disk, source, connections: 2));
            source.Revive();
            disk.Damage(DownloadJournal.PathOf(Path));
        }

        source.Left = long.MaxValue;
        Assert.True((await RunAsync(file, disk, source, connections: 2)).IsSuccess);
        Assert.True(disk.ContentOf(Path).SequenceEqual(file));
        Assert.Equal(0, disk.Discarded);
    }

    private async Task<Outcome<string>> RunAsync(byte[] file, FrailDisk disk, IDownloadSource source, int connections)
    {
        var order = new DownloadOrder("it", Path, _digest ??= ContentDigest.Parse(Convert.ToHexStringLower(SHA256.HashData(file)))!, file.Length, [source]) { Connections = connections };
        return await TestDownloads.New(TimeProvider.System, disk).RunAsync(order, (_, _) => { }, TestContext.Current.CancellationToken);
    }

    /// <summary>No kind of failure that anything handles.</summary>
    private sealed class Killed : Exception;

    /// <summary>Sends until it has sent so many bytes in all; then every read kills.</summary>
    private sealed class MortalSource(byte[] file) : IDownloadSource
    {
        private long _sent;
        private volatile bool _dead;

        public string Name => "hub";
        public long Left = long.MaxValue;
        public long Sent => Volatile.Read(ref _sent);

        public void Revive() => _dead = false;

        public Task<SourceAnswer> OpenAsync(ByteRange range, string? entity, CancellationToken cancellation)
        {
            var body = new Body(this, new MemoryStream(file, (int)range.From, (int)range.Length));
            return Task.FromResult(new SourceAnswer(body) { Status = 206, From = range.From, Total = file.Length, Body = body });
        }

        private sealed class Body(MortalSource source, MemoryStream bytes) : Stream
        {
            public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
            {
                await Task.Yield(); // So that connections really run beside one another.
                var wanted = (int)Math.Min(Math.Min(buffer.Length, 1460 * 3), bytes.Length - bytes.Position);
                if (source._dead || Interlocked.Add(ref source.Left, -wanted) < 0)
                {
                    source._dead = true;
                    throw new Killed();
                }

                Interlocked.Add(ref source._sent, wanted);
                return await bytes.ReadAsync(buffer[..wanted], cancellationToken);
            }

            public override bool CanRead => true;
            public override bool CanSeek => false;
            public override bool CanWrite => false;
            public override long Length => throw new NotSupportedException();
            public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }
            public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();
            public override void Flush() => throw new NotSupportedException();
            public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
            public override void SetLength(long value) => throw new NotSupportedException();
            public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
        }
    }

    /// <summary>A disk in memory that knows which writes were flushed.</summary>
    private sealed class FrailDisk(Random random) : IDownloadDisk
    {
        private readonly Lock _lock = new();
        private readonly Dictionary<string, Content> _files = [];

        /// <summary>Writes and flushes until it kills.</summary>
        public long WritesLeft { get; set; } = long.MaxValue;

        /// <summary>Files deleted with their bytes in them.</summary>
        public int Discarded { get; private set; }

        public ReadOnlySpan<byte> ContentOf(string path) => _files[path].Bytes;

        public bool Exists(string path) => _files.ContainsKey(path);

        public IDownloadFile Open(string path) => new Opened(this, _files.TryGetValue(path, out var known) ? known : _files[path] = new Content());

        public void Move(string from, string to) => throw new NotSupportedException();

        public void Delete(string path)
        {
            if (!path.EndsWith(".journal", StringComparison.Ordinal))
                Discarded++;
            _files.Remove(path);
        }

        /// <summary>Changes a byte, cuts the end off, or adds to it.</summary>
        public void Damage(string path)
        {
            var bytes = ContentOf(path).ToArray();
            var at = random.Next(bytes.Length);
            switch (random.Next(3))
            {
                case 0: bytes[at] = (byte)random.Next(256); break;
                case 1: bytes = bytes[..at]; break;
                default: bytes = [.. bytes, .. bytes[at..]]; break;
            }

            _files[path].Cut(0);
            _files[path].Write(0, bytes);
        }

        public void LosePower()
        {
            foreach (var content in _files.Values)
                content.LosePower(random);
        }

        private sealed class Content
        {
            private readonly List<(long Offset, byte[] Bytes)> _unflushed = [];
            private readonly MemoryStream _now = new();
            private byte[] _durable = [];

            public ReadOnlySpan<byte> Bytes => _now.GetBuffer().AsSpan(0, (int)_now.Length);

            public void Write(long offset, ReadOnlySpan<byte> bytes)
            {
                _unflushed.Add((offset, bytes.ToArray()));
                Put(offset, bytes);
            }

            public void Cut(long length) => _now.SetLength(length);

            public void Flush()
            {
                _durable = _now.ToArray();
                _unflushed.Clear();
            }

            public void LosePower(Random random)
            {
                _now.SetLength(0);
                Put(0, _durable);
                foreach (var (offset, bytes) in _unflushed)
                {
                    if (random.Next(3) is var fate and > 0)
                        Put(offset, fate == 1 ? bytes : bytes.AsSpan(0, random.Next(bytes.Length)));
                }

                Flush();
            }

            private void Put(long offset, ReadOnlySpan<byte> bytes)
            {
                _now.Position = offset;
                _now.Write(bytes);
            }
        }

        private sealed class Opened(FrailDisk disk, Content content) : IDownloadFile
        {
            public long Length => content.Bytes.Length;

            public ValueTask<int> ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancellation)
            {
                var count = (int)Math.Clamp(content.Bytes.Length - offset, 0, buffer.Length);
                content.Bytes.Slice((int)Math.Min(offset, content.Bytes.Length), count).CopyTo(buffer.Span);
                return ValueTask.FromResult(count);
            }

            public void Write(long offset, ReadOnlySpan<byte> bytes)
            {
                lock (disk._lock)
                {
                    Mortal();
                    content.Write(offset, bytes);
                }
            }

            public void SetLength(long length)
            {
                lock (disk._lock)
                    content.Cut(length);
            }

            public void Flush()
            {
                lock (disk._lock)
                {
                    Mortal();
                    content.Flush();
                }
            }

            public void Dispose()
            {
            }

            private void Mortal()
            {
                if (--disk.WritesLeft < 0)
                    throw new Killed();
            }
        }
    }
}
