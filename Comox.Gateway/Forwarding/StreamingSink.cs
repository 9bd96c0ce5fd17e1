using System.Buffers;
using System.IO.Pipelines;
using System.Text;
using Comox.Gateway.Forwarding.Sockets;
using Comox.Gateway.Routing;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace Comox.Gateway.Forwarding;

/// <summary>
/// The answer as a stream: every event byte for byte, or in the words of the client's API, and a comment after a long silence, before the first token too, so that proxies in
/// between keep the connection open. While a model is loaded for it, the client is told every other second how long that will be.
/// <para>A timer writes the comments while the pump waits for the engine, so the writer has two users. <see cref="_owner"/> says who has it;
/// taking it costs the pump one compare-and-swap, and only the pump ever waits.</para>
/// </summary>
internal sealed class StreamingSink : IReplySink
{
    private static readonly TaskCompletionSource Pump = new();

    private static readonly TimeSpan NewsInterval = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan FirstNews = TimeSpan.FromMilliseconds(500);

    private readonly Exchange _exchange;
    private readonly LoadNews _news;
    private readonly TimeSpan _keepAlive;
    private readonly TimeSpan _slowClient;
    private readonly TimeProvider _time;
    private readonly PipeWriter _body;
    private readonly ClientConnection? _target;
    private readonly ITimer _timer;
    private TaskCompletionSource? _owner;
    private bool _held;
    private bool _tellsOfLoading;
    private long _lastFlush;

    public StreamingSink(Exchange exchange, LoadNews news, GatewayOptions options, TimeProvider time)
    {
        (_exchange, _news, _keepAlive, _slowClient, _time) = (exchange, news, options.KeepAliveInterval, options.SlowClientTimeout, time);
        _body = exchange.Http.Response.BodyWriter;
        _target = exchange.Dialect is null ? TargetOf(exchange.Http) : null;
        _lastFlush = time.GetTimestamp();
        _timer = time.CreateTimer(static sink => ((StreamingSink)sink!).OnSilence(), this, _keepAlive, _keepAlive);
    }

    // Not while an event waits for its flush: the loop's bytes would overtake it.
    public ClientConnection? RelayTarget => _exchange.Committed && !_held ? _target : null;

    /// <summary>The backend that is asked now has to load its model first: tells of it until the answer begins.</summary>
    public void TellOfLoading()
    {
        Volatile.Write(ref _tellsOfLoading, true);
        _timer.Change(FirstNews, NewsInterval);
    }

    public async ValueTask WriteAsync(SseEvent sse)
    {
        await TakeAsync();
        Commit();
        _exchange.Spoken = true;
        if (_exchange.Dialect is { } dialect)
            dialect.WriteChunk(sse.Data.Span, _body);
        else
            _body.Write(sse.Raw.Span);
    }

    public async ValueTask FlushAsync()
    {
        if (!_held)
            return;
        await _body.FlushAsync(_exchange.Aborted);
        Volatile.Write(ref _lastFlush, _time.GetTimestamp());
        Give();
    }

    public async ValueTask CompleteAsync()
    {
        await TakeAsync();
        Commit();
        if (_exchange.Dialect is { } dialect)
            dialect.WriteEnd(_body);
        else
            _body.Write("data: [DONE]\n\n"u8);
        await FlushAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _timer.DisposeAsync();
        await TakeAsync();
        Give();
    }

    // Whoever owns the writer commits, so that a comment and an event never both do.
    private void Commit()
    {
        if (_exchange.Committed)
            return;
        RouteTraceHeader.Write(_exchange);
        _exchange.Commit();
        var response = _exchange.Http.Response;
        response.StatusCode = StatusCodes.Status200OK;
        response.ContentType = "text/event-stream";
        response.Headers.CacheControl = "no-cache";
        response.Headers["X-Accel-Buffering"] = "no"; // nginx and its kin would collect the stream otherwise
        _exchange.Http.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        BePatient();
    }

    // The server knows nothing of what a relay sends: to it, a client with megabytes to read takes too long over the few bytes that end the answer.
    private void BePatient()
    {
        if (_exchange.Http.Features.Get<IHttpMinResponseDataRateFeature>() is { MinDataRate: { } rate } server && rate.GracePeriod < _slowClient)
            server.MinDataRate = new MinDataRate(rate.BytesPerSecond, _slowClient);
    }

    // Chunks of HTTP/1.1, written to a socket that nothing stands before.
    private static ClientConnection? TargetOf(HttpContext http) =>
        HttpProtocol.IsHttp11(http.Request.Protocol) && http.Features.Get<ClientConnection>() is { IsBare: true } connection ? connection : null;

    private void OnSilence()
    {
        // A loop that carries the stream sends its own comments.
        if (_target is { Output.IsCarried: true })
            Volatile.Write(ref _lastFlush, _time.GetTimestamp());
        var news = _exchange.Spoken ? null : _news.Of(_exchange.Backend);
        var silence = _time.GetElapsedTime(Volatile.Read(ref _lastFlush));
        if (news is null && silence < _keepAlive)
        {
            LookAgainIn(_keepAlive - silence);
            return;
        }

        var mine = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        // Taken: an event is being written this moment, so there is no silence.
        if (Interlocked.CompareExchange(ref _owner, mine, null) is null)
            _ = PingAsync(mine, news);
    }

    // At the moment when the silence would be too long: to ticks that stand still, one that began just after a tick is too young at the next, and twice as old as it may be at the one after.
    private void LookAgainIn(TimeSpan rest)
    {
        var interval = Volatile.Read(ref _tellsOfLoading) && !_exchange.Spoken ? NewsInterval : _keepAlive;
        // Timers count in whole milliseconds, and one that is early is asked once more.
        var due = TimeSpan.FromMilliseconds(Math.Ceiling(rest.TotalMilliseconds));
        _timer.Change(due < interval ? due : interval, interval);
    }

    private async Task PingAsync(TaskCompletionSource mine, string? news)
    {
        try
        {
            // To a socket of a loop as one chunk past the server, because a relay may begin this moment and would write into the middle of two.
            if (_target is not null && _exchange.Committed)
                _target.Output.Interject(news is null ? StreamRelay.Ping : Chunk(news));
            else
                await WritePingAsync(news);
            Volatile.Write(ref _lastFlush, _time.GetTimestamp());
            LookAgainIn(_keepAlive);
        }
        catch (Exception problem) when (problem is OperationCanceledException or IOException or InvalidOperationException)
        {
            // The client has left; the pump hears of it by its own token.
        }
        finally
        {
            Volatile.Write(ref _owner, null);
            mine.SetResult();
        }
    }

    private static byte[] Chunk(string news)
    {
        var comment = Comment(news);
        return [.. Encoding.ASCII.GetBytes($"{comment.Length:x}\r\n"), .. comment, .. "\r\n"u8];
    }

    private static byte[] Comment(string news) => Encoding.UTF8.GetBytes($": {news}\n\n");

    private async ValueTask WritePingAsync(string? news)
    {
        Commit();
        _body.Write(news is null ? ": ping\n\n"u8 : Comment(news));
        await _body.FlushAsync(_exchange.Aborted);
    }

    private async ValueTask TakeAsync()
    {
        while (!_held)
        {
            if (Interlocked.CompareExchange(ref _owner, Pump, null) is { } ping)
                await ping.Task;
            else
                _held = true;
        }
    }

    private void Give()
    {
        _held = false;
        Volatile.Write(ref _owner, null);
    }
}
