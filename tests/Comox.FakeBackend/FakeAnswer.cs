using System.Net.Sockets;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;

namespace Comox.FakeBackend;

/// <summary>One scripted answer.</summary>
internal sealed class FakeAnswer(HttpContext http, FakeApi api, FakeRequest request, FakeScript script, Task held)
{
    private readonly CancellationToken _gone = http.RequestAborted;
    private int _sent;

    public async Task SendAsync()
    {
        if (script.HoldHeaders)
            await held.WaitAsync(_gone);
        if (script.NeverAnswers)
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, _gone);
        if (script.DropBeforeHeaders || script.ResetBeforeHeaders)
        {
            await EndConnectionAsync();
            return;
        }

        if (script.FailWithStatus is { } status)
        {
            http.Response.StatusCode = status;
            if (script.RetryAfter is { } pause)
                http.Response.Headers.RetryAfter = pause;
            await WholeAsync(script.FailWithBody);
            return;
        }

        if (!FakeJson.IsTrue(request.Json, "stream"))
        {
            await Task.Delay(script.FirstTokenDelay, TimeProvider.System, _gone);
            await WholeAsync(script.RawBody ?? api.Whole(request, script));
            return;
        }

        http.Response.ContentType = "text/event-stream";
        await http.Response.StartAsync(_gone);
        await http.Response.Body.FlushAsync(_gone);
        await Task.Delay(script.FirstTokenDelay, TimeProvider.System, _gone);
        foreach (var item in script.RawEvents ?? api.Events(request, script))
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

    private Socket Socket => http.Features.GetRequiredFeature<IConnectionSocketFeature>().Socket;

    private async Task EndConnectionAsync()
    {
        if (script.ResetBeforeHeaders)
        {
            Socket.LingerState = new LingerOption(true, 0);
            http.Abort();
        }
        else
        {
            // The end of both directions and no abort: that would send a reset behind the end, and the caller might see either.
            Socket.Shutdown(SocketShutdown.Both);
        }

        await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, _gone);
    }

    private async Task WholeAsync(string json)
    {
        http.Response.ContentType = "application/json";
        await http.Response.WriteAsync(json, _gone);
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

        if (script.ResetAfter == _sent)
        {
            // Whatever was flushed has been sent: the server is told to keep nothing back.
            Socket.LingerState = new LingerOption(true, 0);
            http.Abort();
            return false;
        }

        if (script.GarbageAfter == _sent)
            await WriteAsync(api.Garbage + "\n\n");
        if (script.ErrorAfter != _sent)
            return true;
        await WriteAsync(api.ErrorEvent + "\n\n");
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
}

/// <summary>The scripted end of a connection.</summary>
internal sealed class FakeDropException : Exception;
