using System.Globalization;
using System.Security.Cryptography;
using Comox.NodeAgent.Downloads;
using Comox.ServiceDefaults.Contracts.OpenAI;

namespace Comox.NodeAgent.Tests.Downloads;

/// <summary>One file from a storage that cuts, stalls, and lies.</summary>
public sealed class VerifiedDownloadTests : IAsyncLifetime
{
    private const string Name = "model.gguf";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("comox-download-");
    private readonly byte[] _file = RandomNumberGenerator.GetBytes(40_000_000);
    private readonly List<string> _words = [];
    private TestHub _hub = null!;
    private HttpClient _http = null!;

    public async ValueTask InitializeAsync()
    {
        _hub = await TestHub.StartAsync((Name, _file));
        _http = new HttpClient { BaseAddress = _hub.Address };
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _hub.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    [Fact]
    public async Task Several_connections_bring_one_file()
    {
        await RightAsync(await RunAsync());
        Assert.Equal(5, _hub.Asked.Count);
        Assert.Equal(_file.Length, _hub.Served);
        Assert.Equal(_hub.Asked.OrderBy(asked => asked.From).Skip(1).Select(asked => asked.From), _hub.Asked.OrderBy(asked => asked.From).SkipLast(1).Select(asked => asked.To!.Value));
        Assert.Contains(_hub.Asked, asked => asked.IfRange == "\"entity-1\"");
    }

    [Fact]
    public async Task Connections_that_are_cut_go_on_where_they_were()
    {
        long left = 7_000_000;
        _hub.Gate = (wanted, _) => ValueTask.FromResult(Interlocked.Add(ref left, -wanted) < 0 && Interlocked.Exchange(ref left, 7_000_000) < 0 ? 0 : wanted);
        await RightAsync(await RunAsync());
        Assert.InRange(_hub.Served, _file.Length, _file.Length + 500_000);
    }

    [Fact]
    public async Task Silence_is_a_cut()
    {
        var pieces = 0;
        _hub.Gate = async (wanted, aborted) =>
        {
            if (Interlocked.Increment(ref pieces) == 200)
                await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, aborted);
            return wanted;
        };
        await RightAsync(await RunAsync());
        Assert.Contains(_words, words => words.Contains("fell silent", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_server_that_sends_no_parts_is_read_once_and_what_is_there_stays()
    {
        var bytes = 0;
        _hub.Gate = (wanted, _) => ValueTask.FromResult(Interlocked.Add(ref bytes, wanted) > 9_000_000 ? 0 : wanted);
        Assert.Equal(ErrorCodes.DownloadFailed, (await RunAsync()).Code);

        (_hub.Gate, _hub.SendsParts) = (null, false);
        await RightAsync(await RunAsync());
    }

    [Fact]
    public async Task A_busy_server_is_left_alone_for_as_long_as_it_says()
    {
        var refusals = 0;
        _hub.Instead = (context, _) =>
        {
            if (Interlocked.Increment(ref refusals) > 2)
                return Task.FromResult(false);
            context.Response.StatusCode = 429;
            context.Response.Headers.RetryAfter = "40";
            return Task.FromResult(true);
        };
        var begun = TimeProvider.System.GetTimestamp();
        await RightAsync(await RunAsync(connections: 1));
        Assert.True(TimeProvider.System.GetElapsedTime(begun) > TimeSpan.FromSeconds(3), "80 s, 25 times faster"); // Without the header it would be 6 s.
    }

    [Fact]
    public async Task Four_connections_that_fail_at_once_are_one_failure()
    {
        var requests = 0;
        _hub.Instead = (context, _) =>
        {
            if (Interlocked.Increment(ref requests) > 8)
                return Task.FromResult(false);
            context.Abort();
            return Task.FromResult(true);
        };
        await RightAsync(await RunAsync());
    }

    [Fact]
    public async Task A_server_that_stays_away_is_given_up()
    {
        _hub.Instead = (context, _) =>
        {
            context.Abort();
            return Task.FromResult(true);
        };
        Assert.Equal(ErrorCodes.DownloadFailed, (await RunAsync(connections: 1)).Code);
        Assert.Equal(3, _hub.Asked.Count);
    }

    [Fact]
    public async Task A_server_that_refuses_is_not_asked_again()
    {
        _hub.Instead = (context, _) =>
        {
            context.Response.StatusCode = 403;
            return Task.FromResult(true);
        };
        var outcome = await RunAsync(connections: 1);
        Assert.Contains("answered 403", outcome.Problem);
        Assert.Single(_hub.Asked);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(1)]
    [InlineData(20_000_000)]
    public async Task A_length_that_is_not_the_announced_one_is_a_contradiction(int more)
    {
        var outcome = await RunAsync(size: _file.Length + more);
        Assert.Equal(ErrorCodes.DownloadContradicted, outcome.Code);
        Assert.Contains("were announced", outcome.Problem);
    }

    [Fact]
    public async Task A_file_that_changes_on_the_server_is_a_contradiction()
    {
        var answers = 0;
        _hub.Etag = _ => $"\"entity-{Interlocked.Increment(ref answers).ToString(CultureInfo.InvariantCulture)}\"";
        var outcome = await RunAsync();
        Assert.Equal(ErrorCodes.DownloadContradicted, outcome.Code);
        Assert.Contains("changed on the server", outcome.Problem);
    }

    [Fact]
    public async Task A_part_that_is_not_the_one_asked_for_is_a_contradiction()
    {
        _hub.Instead = async (context, bytes) =>
        {
            context.Response.StatusCode = 206;
            context.Response.Headers.ContentRange = $"bytes 5-{bytes.Length - 1}/{bytes.Length}";
            await _hub.SendAsync(context, bytes, 5, bytes.Length);
            return true;
        };
        Assert.Equal(ErrorCodes.DownloadContradicted, (await RunAsync()).Code);
    }

    [Fact]
    public async Task Wrong_bytes_are_thrown_away()
    {
        var outcome = await RunAsync(sha256: new string('0', 64));
        Assert.Equal(ErrorCodes.DownloadCorrupt, outcome.Code);
        Assert.Empty(_folder.GetFiles());
    }

    [Fact]
    public async Task A_nearer_source_with_wrong_bytes_is_dropped_for_the_next()
    {
        await using var liar = await TestHub.StartAsync((Name, RandomNumberGenerator.GetBytes(_file.Length)));
        using var http = new HttpClient { BaseAddress = liar.Address };
        await RightAsync(await RunAsync(nearer: new HttpSource("liar", http)));
        Assert.NotEmpty(liar.Asked);
        Assert.Contains(_words, words => words.Contains("with the help of liar", StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_a_nearer_source_began_the_next_one_ends()
    {
        await using var short_lived = await TestHub.StartAsync((Name, _file));
        long left = 10_000_000;
        short_lived.Gate = (wanted, _) => ValueTask.FromResult(Interlocked.Add(ref left, -wanted) < 0 ? 0 : wanted);
        using var http = new HttpClient { BaseAddress = short_lived.Address };
        await RightAsync(await RunAsync(nearer: new HttpSource("near", http)));
        Assert.InRange(_hub.Served + short_lived.Served, _file.Length, _file.Length + 500_000);
        Assert.InRange(_hub.Served, 1, _file.Length - 9_000_000);
    }

    [Fact]
    public async Task A_full_disk_is_said_to_be_one_and_what_it_took_is_kept_for_the_next_try()
    {
        var full = await Assert.ThrowsAsync<IOException>(() => RunAsync(disk: new SmallDisk(20_000_000)));
        Assert.Equal("No space left", full.Message);
        var before = _hub.Served;

        await RightAsync(await RunAsync());
        Assert.InRange(_hub.Served - before, 20_000_000, 21_000_000);
    }

    private async Task<Outcome<string>> RunAsync(int connections = 4, long? size = null, string? sha256 = null, IDownloadSource? nearer = null, IDownloadDisk? disk = null)
    {
        var digest = ContentDigest.Parse(sha256 ?? Convert.ToHexStringLower(SHA256.HashData(_file)))!;
        IDownloadSource[] hub = [new HttpSource("hub", _http)];
        var order = new DownloadOrder("it", Path.Combine(_folder.FullName, "part"), digest, size ?? _file.Length, nearer is null ? hub : [nearer, .. hub]) { Connections = connections };
        return await TestDownloads.New(new HurriedTime(25), disk).RunAsync(order, Report, TestContext.Current.CancellationToken);

        void Report(string words, double? progress)
        {
            lock (_words)
                _words.Add(words);
        }
    }

    private async Task RightAsync(Outcome<string> outcome)
    {
        Assert.True(outcome.IsSuccess, outcome.Problem);
        Assert.Equal(SHA256.HashData(_file), SHA256.HashData(await File.ReadAllBytesAsync(outcome.Value!)));
    }

    private sealed class HttpSource(string name, HttpClient http) : IDownloadSource
    {
        public string Name => name;

        public async Task<SourceAnswer> OpenAsync(ByteRange range, string? entity, CancellationToken cancellation)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, $"storage/{VerifiedDownloadTests.Name}");
            SourceAnswer.Ask(request, range, size: null, entity);
            return await SourceAnswer.OfAsync(await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation), cancellation);
        }
    }

    /// <summary>The machine's own, with little room.</summary>
    private sealed class SmallDisk(long room) : IDownloadDisk
    {
        private readonly LocalDisk _disk = new();
        private long _left = room;

        public bool Exists(string path) => _disk.Exists(path);
        public IDownloadFile Open(string path) => new SmallFile(this, _disk.Open(path));
        public void Move(string from, string to) => _disk.Move(from, to);
        public void Delete(string path) => _disk.Delete(path);

        private sealed class SmallFile(SmallDisk disk, IDownloadFile file) : IDownloadFile
        {
            public long Length => file.Length;
            public ValueTask<int> ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancellation) => file.ReadAsync(offset, buffer, cancellation);
            public void SetLength(long length) => file.SetLength(length);
            public void Flush() => file.Flush();
            public void Dispose() => file.Dispose();

            public void Write(long offset, ReadOnlySpan<byte> bytes)
            {
                if (Interlocked.Add(ref disk._left, -bytes.Length) < 0)
                    throw new IOException("No space left");
                file.Write(offset, bytes);
            }
        }
    }
}
