using System.Globalization;
using System.Net;
using System.Net.Http.Headers;

namespace Comox.NodeAgent.Downloads;

/// <summary>What a source answers to a wish for bytes.</summary>
internal sealed class SourceAnswer(IDisposable answer) : IDisposable
{
    /// <summary>HTTP's.</summary>
    public required int Status { get; init; }

    /// <summary>Offset of the body's first byte.</summary>
    public long From { get; init; }

    /// <summary>Bytes of the whole file, where it says so.</summary>
    public long? Total { get; init; }

    /// <summary>The strong entity tag, with its quotes.</summary>
    public string? Entity { get; init; }

    public TimeSpan? RetryAfter { get; init; }

    /// <summary>Empty unless <see cref="Status"/> is 200 or 206.</summary>
    public Stream Body { get; init; } = Stream.Null;

    public static async Task<SourceAnswer> OfAsync(HttpResponseMessage response, CancellationToken cancellation)
    {
        var content = response.Content.Headers;
        var good = response.StatusCode is HttpStatusCode.OK or HttpStatusCode.PartialContent;
        return new SourceAnswer(response)
        {
            Status = (int)response.StatusCode,
            From = content.ContentRange?.From ?? 0,
            Total = response.StatusCode is HttpStatusCode.OK ? content.ContentLength : content.ContentRange?.Length,
            Entity = response.Headers.ETag is { IsWeak: false } entity ? entity.Tag : null,
            RetryAfter = response.Headers.RetryAfter is { } after ? after.Delta ?? After(after.Date, response.Headers.Date) : null,
            Body = good ? await response.Content.ReadAsStreamAsync(cancellation) : Stream.Null,
        };
    }

    /// <summary>The headers of a wish over HTTP.</summary>
    /// <param name="request">What to add them to.</param>
    /// <param name="range">What is wanted.</param>
    /// <param name="size">Bytes of the whole; null: unknown.</param>
    /// <param name="entity">As for <see cref="IDownloadSource.OpenAsync"/>.</param>
    public static void Ask(HttpRequestMessage request, ByteRange range, long? size, string? entity)
    {
        request.Headers.AcceptEncoding.ParseAdd("identity"); // A compressed body has other offsets.
        if (range.From == 0 && range.To == size)
            return;
        request.Headers.Range = new RangeHeaderValue(range.From, range.To == size ? null : range.To - 1);
        if (entity is not null)
            request.Headers.IfRange = new RangeConditionHeaderValue(entity);
    }

    public void Dispose() => answer.Dispose();

    public override string ToString() => Status.ToString(CultureInfo.InvariantCulture);

    // A date is a distance from the server's clock, not from ours.
    private static TimeSpan? After(DateTimeOffset? date, DateTimeOffset? now) => date is { } then && now is { } their && then > their ? then - their : null;
}
