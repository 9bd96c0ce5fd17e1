using System.Net.Http.Headers;
using System.Security.Cryptography;
using Comox.NodeAgent.Downloads;

namespace Comox.NodeAgent.Tests.Downloads;

public sealed class VerifiedDownloadTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("comox-download-");
    private readonly byte[] _file = RandomNumberGenerator.GetBytes(1_000_000);

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task A_full_disk_is_said_to_be_one_and_what_it_took_is_kept_for_the_next_try()
    {
        await using var server = await LocalServer.StartAsync(context => LocalServer.SendAsync(context, _file));
        using var http = new HttpClient { BaseAddress = server.Address };
        var offsets = new List<long>();
        var order = new DownloadOrder("it", Path.Combine(_folder.FullName, "part"), Convert.ToHexStringLower(SHA256.HashData(_file)), _file.Length, OpenAsync);
        var download = new VerifiedDownload(new HurriedTime(20));

        await using (var disk = new SmallDisk(order.PartialPath, 500_000))
        {
            var full = await Assert.ThrowsAsync<IOException>(() => download.RunAsync(order, disk, (_, _) => { }, TestContext.Current.CancellationToken));
            Assert.Equal("No space left", full.Message);
        }

        var kept = await File.ReadAllBytesAsync(order.PartialPath, TestContext.Current.CancellationToken);
        Assert.NotEmpty(kept);
        Assert.Equal(_file[..kept.Length], kept);

        var outcome = await download.RunAsync(order, (_, _) => { }, TestContext.Current.CancellationToken);
        Assert.True(outcome.IsSuccess, outcome.Problem);
        Assert.Equal([0, kept.Length], offsets);

        Task<HttpResponseMessage> OpenAsync(long offset, CancellationToken cancellation)
        {
            offsets.Add(offset);
            var request = new HttpRequestMessage(HttpMethod.Get, "/");
            if (offset > 0)
                request.Headers.Range = new RangeHeaderValue(offset, null);
            return http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
        }
    }

    private sealed class SmallDisk(string path, long room) : FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 0)
    {
        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
            Length + buffer.Length > room ? throw new IOException("No space left") : base.WriteAsync(buffer, cancellationToken);
    }
}
