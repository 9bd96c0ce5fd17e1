using System.Collections.Concurrent;
using Comox.ServiceDefaults.Contracts.Nodes;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace Comox.NodeAgent.Tests.Health;

public sealed class NodeEventsTests
{
    [Fact]
    public async Task A_host_that_stops_ends_open_event_streams_cleanly_and_logs_no_error()
    {
        using var errors = new ErrorsOfTheServer();
        await using var agent = await RunningAgent.StartAsync(new() { ["Comox:NodeAgent:EnginePath"] = "/nowhere" }, log: errors);
        await agent.UntilAsync(EngineStates.Failed);

        // Many, because what a stop meets first in a stream is a matter of chance.
        var rests = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => OpenAsync(agent)));
        await agent.StopAsync();

        Assert.All(await Task.WhenAll(rests.Select(rest => rest.ReadToEndAsync())), rest => Assert.StartsWith("data: ", rest));
        Assert.Empty(errors.Messages);
    }

    [Theory]
    [InlineData("", 250)]
    [InlineData("?beat=100", 100)]
    [InlineData("?beat=1", 50)]
    [InlineData("?beat=60000", 250)]
    public async Task A_beat_is_heard_as_often_as_it_is_asked_for_within_limits(string query, int milliseconds)
    {
        var time = new FakeTimeProvider();
        await using var agent = await RunningAgent.StartAsync(new() { ["Comox:NodeAgent:EnginePath"] = "/nowhere" }, time);
        await agent.UntilAsync(EngineStates.Failed);
        using var events = await OpenAsync(agent, query);

        for (var beat = 0; beat < 5; beat++)
        {
            var next = NextBeatAsync(events);
            time.Advance(TimeSpan.FromMilliseconds(milliseconds - 1));
            Assert.NotSame(next, await Task.WhenAny(next, Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System)));
            time.Advance(TimeSpan.FromMilliseconds(1));
            await next;
        }
    }

    private static async Task NextBeatAsync(StreamReader events)
    {
        while (await events.ReadLineAsync() is { } line && line != ":")
        {
        }
    }

    private static async Task<StreamReader> OpenAsync(RunningAgent agent, string query = "")
    {
        var response = await agent.Http.GetAsync($"node/events{query}", HttpCompletionOption.ResponseHeadersRead);
        var events = new StreamReader(await response.Content.ReadAsStreamAsync());
        Assert.Equal("event: status", await events.ReadLineAsync());
        return events;
    }

    private sealed class ErrorsOfTheServer : ILoggerProvider, ILogger
    {
        public ConcurrentQueue<string> Messages { get; } = new();

        public ILogger CreateLogger(string categoryName) =>
            categoryName.StartsWith("Microsoft.AspNetCore", StringComparison.Ordinal) ? this : Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Error;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
                Messages.Enqueue($"{formatter(state, exception)} {exception}");
        }

        public void Dispose()
        {
        }
    }
}
