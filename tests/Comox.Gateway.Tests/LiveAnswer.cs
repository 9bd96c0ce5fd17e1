using System.Text;
using Microsoft.Extensions.Time.Testing;

namespace Comox.Gateway.Tests;

/// <summary>A streamed answer, read event by event as it comes.</summary>
internal sealed class LiveAnswer : IDisposable
{
    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(1);

    private readonly HttpResponseMessage _response;
    private readonly StreamReader _reader;
    private readonly StringBuilder _all = new();
    private Task<string?>? _next;

    private LiveAnswer(HttpResponseMessage response, Stream body) => (_response, _reader) = (response, new StreamReader(body));

    /// <summary>Everything read so far, comments included.</summary>
    public string All => _all.ToString();

    public static async Task<LiveAnswer> OfAsync(Task<HttpResponseMessage> sent)
    {
        var response = await sent.WaitAsync(Bound);
        return new LiveAnswer(response, await response.Content.ReadAsStreamAsync());
    }

    /// <summary>The next event with its blank line, or a comment; null at the end.</summary>
    public async Task<string?> NextAsync()
    {
        var next = await (_next ??= ReadAsync()).WaitAsync(Bound);
        _next = null;
        return next;
    }

    /// <summary>The next event that is no comment; null at the end.</summary>
    public async Task<string?> NextEventAsync()
    {
        string? next;
        do
            next = await NextAsync();
        while (next?[0] == ':');
        return next;
    }

    /// <summary>Moves the clock until a comment has come.</summary>
    public async Task<string?> CommentAsync(FakeTimeProvider time, TimeSpan step)
    {
        var next = _next ??= ReadAsync();
        await Eventually.IsTrueAsync(
            () =>
            {
                if (!next.IsCompleted)
                    time.Advance(step);
                return next.IsCompleted;
            },
            "a comment comes");
        return await NextAsync();
    }

    /// <summary>All that is still to come.</summary>
    public async Task<string> RestAsync()
    {
        var from = _all.Length;
        while (await NextAsync() is not null)
        {
        }

        return _all.ToString(from, _all.Length - from);
    }

    public void Dispose()
    {
        _reader.Dispose();
        _response.Dispose();
    }

    private async Task<string?> ReadAsync()
    {
        var next = new StringBuilder();
        while (await _reader.ReadLineAsync() is { } line)
        {
            next.Append(line).Append('\n');
            if (line.Length > 0)
                continue;
            _all.Append(next);
            return next.ToString();
        }

        return null;
    }
}
