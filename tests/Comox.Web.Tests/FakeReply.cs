using System.Text;
using System.Text.Json;
using System.Threading.Channels;
using Microsoft.AspNetCore.Http;

namespace Comox.Web.Tests;

/// <summary>One answer that the test plays, event by event.</summary>
internal sealed class FakeReply(JsonDocument request, string session, bool wholeTranscript)
{
    private readonly Channel<string> _events = Channel.CreateUnbounded<string>();
    private readonly TaskCompletionSource _abandoned = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public JsonElement Request => request.RootElement;
    public string Session => session;
    public bool WholeTranscript => wholeTranscript;
    public string[] Messages => [.. Request.GetProperty("messages").EnumerateArray().Select(message => $"{message.GetProperty("role").GetString()}: {message.GetProperty("content").GetString()}")];

    /// <summary>Ends when the console closed the connection before the end of the answer.</summary>
    public Task Abandoned => _abandoned.Task;

    public void Say(params string[] pieces)
    {
        foreach (var piece in pieces)
            _events.Writer.TryWrite($$$"""{"choices":[{"index":0,"delta":{"content":{{{JsonSerializer.Serialize(piece)}}}}}]}""");
    }

    public void Fail(string message) => _events.Writer.TryWrite($$$"""{"error":{"message":{{{JsonSerializer.Serialize(message)}}}}}""");

    /// <summary>A good end.</summary>
    public void Done()
    {
        _events.Writer.TryWrite("[DONE]");
        _events.Writer.Complete();
    }

    /// <summary>The connection ends without <c>[DONE]</c>.</summary>
    public void Break() => _events.Writer.Complete();

    /// <summary>Ends when the console gave up before anything was answered.</summary>
    public Task HangUpAsync(HttpContext context)
    {
        context.RequestAborted.Register(() => _abandoned.TrySetResult());
        return _abandoned.Task;
    }

    public async Task PumpAsync(HttpContext context)
    {
        using var gone = context.RequestAborted.Register(() => _abandoned.TrySetResult());
        try
        {
            await foreach (var item in _events.Reader.ReadAllAsync(context.RequestAborted))
            {
                await context.Response.Body.WriteAsync(Encoding.UTF8.GetBytes($"data: {item}\n\n"), context.RequestAborted);
                await context.Response.Body.FlushAsync(context.RequestAborted);
            }
        }
        catch (OperationCanceledException)
        {
            _abandoned.TrySetResult();
        }
    }
}
