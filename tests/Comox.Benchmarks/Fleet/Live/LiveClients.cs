using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Comox.Benchmarks.Fleet.Live;

/// <summary>How one chat ended.</summary>
internal enum LiveEnd
{
    Whole,

    /// <summary>Nothing of an answer came.</summary>
    Lost,

    /// <summary>It began and was not finished.</summary>
    Cut,

    /// <summary>Words are missing, doubled or others.</summary>
    Wrong,
}

/// <param name="At">When it was sent, as a timestamp.</param>
/// <param name="FirstSeconds">Until its first word.</param>
/// <param name="End">How it ended.</param>
internal readonly record struct LiveChat(long At, double FirstSeconds, LiveEnd End);

/// <summary>People who ask for some words, read them, think, and ask again; each word is checked.</summary>
internal sealed class LiveClients(LiveGateway gateway, int count, string model)
{
    private readonly ConcurrentQueue<LiveChat> _chats = new();
    private readonly ConcurrentQueue<string> _complaints = new();

    public IReadOnlyCollection<LiveChat> Chats => _chats;
    public IReadOnlyCollection<string> Complaints => _complaints;

    public Task RunAsync(CancellationToken stopping) => Task.WhenAll(Enumerable.Range(0, count).Select(number => RunAsync(new Random(number), stopping)));

    private async Task RunAsync(Random random, CancellationToken stopping)
    {
        using var http = gateway.Client();
        while (!stopping.IsCancellationRequested)
        {
            await Task.Delay(TimeSpan.FromSeconds(random.NextDouble() * 1.5), TimeProvider.System, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (!stopping.IsCancellationRequested)
                _chats.Enqueue(await AskAsync(http, random.Next(40, 160)));
        }
    }

    private async Task<LiveChat> AskAsync(HttpClient http, int words)
    {
        var at = TimeProvider.System.GetTimestamp();
        var (said, first, status) = (new StringBuilder(), double.NaN, 0);
        var last = "";
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "v1/chat/completions")
            {
                Content = new StringContent(string.Create(
                    CultureInfo.InvariantCulture, $$"""{"model":"{{model}}","stream":true,"max_tokens":400,"messages":[{"role":"user","content":"say {{words}} words"}]}"""), Encoding.UTF8, "application/json"),
            };
            using var answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
            status = (int)answer.StatusCode;
            using var lines = new StreamReader(await answer.Content.ReadAsStreamAsync());
            while (await lines.ReadLineAsync() is { } line)
            {
                last = line.Length > 0 ? line : last;
                if (Content(line) is not { } piece)
                    continue;
                if (said.Length == 0)
                    first = TimeProvider.System.GetElapsedTime(at).TotalSeconds;
                said.Append(piece);
            }
        }
        catch (Exception problem) when (problem is HttpRequestException or IOException or OperationCanceledException)
        {
            last = problem.Message;
        }

        var expected = new StringBuilder();
        for (var word = 0; word < words; word++)
            expected.Append(CultureInfo.InvariantCulture, $"w{word} ");
        var end = said.Equals(expected) ? LiveEnd.Whole : said.Length == 0 ? LiveEnd.Lost : expected.ToString().StartsWith(said.ToString(), StringComparison.Ordinal) ? LiveEnd.Cut : LiveEnd.Wrong;
        if (end != LiveEnd.Whole)
            _complaints.Enqueue($"{end} after {TimeProvider.System.GetElapsedTime(at).TotalSeconds:F2} s, status {status}: {last}");
        return new LiveChat(at, first, end);
    }

    // data: {"choices":[{…,"delta":{"content":"w7 "}}],…
    private static string? Content(string line)
    {
        const string Mark = "\"content\":\"";
        var at = line.IndexOf(Mark, StringComparison.Ordinal);
        if (at < 0)
            return null;
        var end = line.IndexOf('"', at + Mark.Length);
        var piece = line[(at + Mark.Length)..end];
        return piece.Contains('\\') ? JsonSerializer.Deserialize<string>($"\"{piece}\"") : piece;
    }
}
