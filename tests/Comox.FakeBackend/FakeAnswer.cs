using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Comox.FakeBackend;

/// <summary>One scripted answer.</summary>
internal sealed class FakeAnswer(HttpContext http, FakeRequest request, FakeScript script, Task held)
{
    private static readonly JsonSerializerOptions Relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private readonly CancellationToken _gone = http.RequestAborted;
    private int _sent;

    public async Task SendAsync()
    {
        if (script.HoldHeaders)
            await held.WaitAsync(_gone);
        if (script.FailWithStatus is { } status)
        {
            http.Response.StatusCode = status;
            http.Response.ContentType = "application/json";
            await http.Response.WriteAsync(script.FailWithBody, _gone);
            return;
        }

        http.Response.ContentType = "text/event-stream";
        await http.Response.StartAsync(_gone);
        await http.Response.Body.FlushAsync(_gone);
        await Task.Delay(script.FirstTokenDelay, TimeProvider.System, _gone);
        foreach (var item in Events())
        {
            if (!await BeforeAsync())
                return;
            await WriteAsync(item + "\n\n");
            _sent++;
            if (script.TokensPerSecond > 0)
                await Task.Delay(TimeSpan.FromSeconds(1 / script.TokensPerSecond), TimeProvider.System, _gone);
        }

        if (await BeforeAsync() && script.HangAtEnd)
            await WaitAsync(Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, _gone));
    }

    /// <returns>Whether to go on.</returns>
    private async Task<bool> BeforeAsync()
    {
        if (script.HoldAfter == _sent)
            await WaitAsync(held);
        if (script.HangAfter == _sent)
            await WaitAsync(Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, _gone));
        if (script.FloodAfter == _sent)
            await FloodAsync();
        if (script.DropAfter == _sent)
        {
            // Aborting the connection would throw away what is still in Kestrel's pipe; an exception ends it after that, in the middle of the body.
            throw new FakeDropException();
        }

        if (script.GarbageAfter == _sent)
            await WriteAsync("data: {\"choices\":[{\"delta\n\n");
        if (script.ErrorAfter != _sent)
            return true;
        await WriteAsync("""data: {"error":{"code":500,"message":"Context size has been exceeded.","type":"server_error"}}""" + "\n\n");
        return false;
    }

    private async Task WaitAsync(Task until)
    {
        while (script.HeartbeatEvery is { } pause && !until.IsCompleted)
        {
            await WriteAsync(":\n\n");
            await Task.WhenAny(until, Task.Delay(pause, TimeProvider.System, _gone));
            _gone.ThrowIfCancellationRequested();
        }

        await until.WaitAsync(_gone);
    }

    private async Task FloodAsync()
    {
        var bytes = new byte[64 * 1024];
        Array.Fill(bytes, (byte)'x');
        await http.Response.WriteAsync("data: ", _gone);
        while (!_gone.IsCancellationRequested)
            await http.Response.Body.WriteAsync(bytes, _gone);
    }

    private async Task WriteAsync(string text)
    {
        await http.Response.WriteAsync(text, _gone);
        await http.Response.Body.FlushAsync(_gone);
    }

    private IEnumerable<string> Events()
    {
        if (script.RawEvents is { } raw)
        {
            foreach (var item in raw)
                yield return item;
            yield break;
        }

        yield return Chunk("""{"role":"assistant","content":null}""", "null");
        foreach (var token in script.Tokens)
            yield return Chunk($$"""{"content":{{JsonSerializer.Serialize(token, Relaxed)}}}""", "null");
        yield return Chunk("{}", $"\"{script.FinishReason}\"");
        if (request.Json.TryGetProperty("stream_options", out var options) && options.TryGetProperty("include_usage", out var usage) && usage.GetBoolean())
            yield return Frame("[]", $$""","usage":{"completion_tokens":{{script.Tokens.Count}},"prompt_tokens":7,"total_tokens":{{script.Tokens.Count + 7}}}""");
        if (!script.OmitDone)
            yield return "data: [DONE]";
    }

    private static string Chunk(string delta, string finish) => Frame($$"""[{"finish_reason":{{finish}},"index":0,"delta":{{delta}}}]""", "");

    private static string Frame(string choices, string more) => new StringBuilder("data: {\"choices\":").Append(choices)
        .Append(",\"created\":1795419634,\"id\":\"chatcmpl-fake\",\"model\":\"fake-model\",\"system_fingerprint\":\"fake\",\"object\":\"chat.completion.chunk\"")
        .Append(more).Append('}').ToString();
}

/// <summary>The scripted end of a connection.</summary>
internal sealed class FakeDropException : Exception;
