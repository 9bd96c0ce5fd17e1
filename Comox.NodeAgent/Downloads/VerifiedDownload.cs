using System.Globalization;
using System.Net;
using System.Security.Cryptography;

namespace Comox.NodeAgent.Downloads;

/// <summary>What to fetch and how to know that it is right.</summary>
/// <param name="Name">For people.</param>
/// <param name="PartialPath">Where the bytes gather; what is there already is kept and continued.</param>
/// <param name="Sha256">64 hex digits.</param>
/// <param name="Size">Bytes in all, when known.</param>
/// <param name="OpenAsync">Asks for the bytes from an offset on, 0 for all.</param>
internal sealed record DownloadOrder(
    string Name, string PartialPath, string Sha256, long? Size, Func<long, CancellationToken, Task<HttpResponseMessage>> OpenAsync);

/// <summary>
/// Fetches one file, over as many connections as it takes, and keeps it only when its SHA-256 is right.
/// <code>
/// (1) hash what an earlier try left
/// (2) ask for the rest; a server that answers with the whole starts us over
/// (3) append, and tell how far it is; silence counts as a cut
/// (4) after a cut go on from there: patience ends after three tries in a row that brought nothing
/// (5) compare the hash; wrong bytes are thrown away, because resuming them can never succeed
/// </code>
/// </summary>
internal sealed class VerifiedDownload(TimeProvider time)
{
    private const int FruitlessTries = 3;
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan FirstDelay = TimeSpan.FromSeconds(1);

    /// <returns>The path of the whole, verified file: <see cref="DownloadOrder.PartialPath"/>. A disk that refuses is an <see cref="IOException"/>, and what was written stays.</returns>
    public async Task<Outcome<string>> RunAsync(DownloadOrder order, ProgressReport report, CancellationToken cancellation)
    {
        // Unbuffered: what a full disk refuses must not be tried again on closing.
        await using var file = new FileStream(order.PartialPath, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 0);
        return await RunAsync(order, file, report, cancellation);
    }

    /// <param name="order">What to fetch.</param>
    /// <param name="file"><see cref="DownloadOrder.PartialPath"/>, open.</param>
    /// <param name="report">Told how far it is.</param>
    /// <param name="cancellation">Ends it; what was fetched stays.</param>
    internal async Task<Outcome<string>> RunAsync(DownloadOrder order, FileStream file, ProgressReport report, CancellationToken cancellation)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

        await HashExistingAsync(file, hash, cancellation); // (1)

        var fruitless = 0;
        while (order.Size is null || file.Length < order.Size)
        {
            var before = file.Length;
            var cut = await TryOnceAsync(order, file, hash, report, cancellation); // (2) (3)
            if (cut is null)
                break;

            fruitless = file.Length > before ? 0 : fruitless + 1; // (4)
            if (fruitless == FruitlessTries)
                return Outcome<string>.Failed($"The download of {order.Name} broke off: {cut}.");
            report($"The download of {order.Name} was cut; going on", Fraction(file.Length, order.Size));
            await Task.Delay(FirstDelay * (1 << fruitless), time, cancellation);
        }

        await file.FlushAsync(cancellation);
        file.Flush(flushToDisk: true);
        if (Convert.ToHexStringLower(hash.GetHashAndReset()) == order.Sha256.ToLowerInvariant()) // (5)
            return Outcome<string>.Of(order.PartialPath);
        file.SetLength(0);
        file.Close();
        File.Delete(order.PartialPath);
        return Outcome<string>.Failed($"The download of {order.Name} has the wrong SHA-256 and was thrown away; what the server sends is not what it announces.");
    }

    private static async Task HashExistingAsync(FileStream file, IncrementalHash hash, CancellationToken cancellation)
    {
        var buffer = new byte[1 << 18];
        while (await file.ReadAsync(buffer, cancellation) is var read and > 0)
            hash.AppendData(buffer, 0, read);
    }

    /// <returns>Null when the server has sent all it has; else why it did not.</returns>
    private async Task<string?> TryOnceAsync(DownloadOrder order, FileStream file, IncrementalHash hash, ProgressReport report, CancellationToken cancellation)
    {
        using var quiet = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        using var alarm = time.CreateTimer(static source => ((CancellationTokenSource)source!).Cancel(), quiet, Silence, Timeout.InfiniteTimeSpan);
        var offset = file.Length;
        var (response, cut) = await OverNetworkAsync(() => order.OpenAsync(offset, quiet.Token), cancellation);
        using var answered = response;
        if (response is null)
            return cut;
        if (response.StatusCode is HttpStatusCode.RequestedRangeNotSatisfiable)
            return null; // There is nothing behind what we have; the hash decides.
        if (response.StatusCode is not (HttpStatusCode.OK or HttpStatusCode.PartialContent))
            return $"the server answered {((int)response.StatusCode).ToString(CultureInfo.InvariantCulture)}";
        if (response.StatusCode is HttpStatusCode.OK && file.Length > 0)
        {
            file.SetLength(0);
            _ = hash.GetHashAndReset();
        }

        var expected = file.Length + response.Content.Headers.ContentLength;
        await using var body = await response.Content.ReadAsStreamAsync(quiet.Token);
        var buffer = new byte[1 << 17];
        while (true)
        {
            (var read, cut) = await OverNetworkAsync(() => body.ReadAsync(buffer, quiet.Token).AsTask(), cancellation);
            if (cut is not null)
                return cut;
            if (read == 0)
                return file.Length < (order.Size ?? expected ?? 0) ? "the connection was closed too early" : null;

            alarm.Change(Silence, Timeout.InfiniteTimeSpan);
            await file.WriteAsync(buffer.AsMemory(0, read), cancellation);
            hash.AppendData(buffer, 0, read);
            report(Words(order.Name, file.Length, order.Size), Fraction(file.Length, order.Size));
        }
    }

    // Around the network alone: the disk throws the same exceptions, and they mean something else.
    private static async Task<(T? Value, string? Cut)> OverNetworkAsync<T>(Func<Task<T>> step, CancellationToken cancellation)
    {
        try
        {
            return (await step(), null);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return (default, "the server fell silent");
        }
        catch (Exception cut) when (cut is HttpRequestException or IOException)
        {
            return (default, cut is HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError }
                ? "the server cannot be reached"
                : "the connection was cut");
        }
    }

    private static double? Fraction(long done, long? all) => all is > 0 ? Math.Clamp((double)done / all.Value, 0, 1) : null;

    private static string Words(string name, long done, long? all) =>
        string.Create(CultureInfo.InvariantCulture, $"Downloading {name}: {done / 1e6:0.0}{(all is { } size ? $" of {size / 1e6:0.0}" : "")} MB");
}
