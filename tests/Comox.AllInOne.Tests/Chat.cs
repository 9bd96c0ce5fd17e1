using System.Net.Http.Json;
using System.Net.ServerSentEvents;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Comox.AllInOne.Tests;

/// <summary>What came back from <c>POST /v1/chat/completions</c>.</summary>
internal sealed record Answer(string Text, IReadOnlyList<string> Pieces, string? Session, string? Receipt, string? FinishReason);

internal static class Chat
{
    /// <summary>Says one thing and reads the whole streamed answer.</summary>
    public static async Task<Answer> SayAsync(this HttpClient client, string model, string text, string? session = null, string? user = null)
    {
        var body = new JsonObject
        {
            ["model"] = model,
            ["stream"] = true,
            ["temperature"] = 0,
            ["messages"] = new JsonArray(new JsonObject { ["role"] = "user", ["content"] = text }),
        };
        if (user is not null)
            body["user"] = user;
        using var request = new HttpRequestMessage(HttpMethod.Post, "v1/chat/completions") { Content = JsonContent.Create(body) };
        if (session is not null)
            request.Headers.Add("X-Comox-Session", session);
        using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        Assert.True(response.IsSuccessStatusCode, $"{(int)response.StatusCode}: {(response.IsSuccessStatusCode ? "" : await response.Content.ReadAsStringAsync())}");
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType?.MediaType);

        var pieces = new List<string>();
        string? finish = null;
        var done = false;
        await using var stream = await response.Content.ReadAsStreamAsync();
        await foreach (var item in SseParser.Create(stream, (_, data) => Encoding.UTF8.GetString(data)).EnumerateAsync())
        {
            if (item.Data == "[DONE]")
            {
                done = true;
                continue;
            }

            using var chunk = JsonDocument.Parse(item.Data);
            foreach (var choice in chunk.RootElement.GetProperty("choices").EnumerateArray())
            {
                if (choice.GetProperty("delta").TryGetProperty("content", out var content) && content.GetString() is { Length: > 0 } piece)
                    pieces.Add(piece);
                finish = choice.GetProperty("finish_reason").GetString() ?? finish;
            }
        }

        Assert.True(done, "The stream ended without [DONE].");
        return new Answer(string.Concat(pieces), pieces, Header(response, "X-Comox-Session"), Header(response, "X-Comox-Receipt"), finish);
    }

    public static async Task<JsonElement> JsonAsync(this HttpClient client, string path)
    {
        using var response = await client.GetAsync(path);
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, $"GET {path}: {(int)response.StatusCode} {text}");
        using var document = JsonDocument.Parse(text);
        return document.RootElement.Clone();
    }

    private static string? Header(HttpResponseMessage response, string name) => response.Headers.TryGetValues(name, out var values) ? values.Single() : null;
}
