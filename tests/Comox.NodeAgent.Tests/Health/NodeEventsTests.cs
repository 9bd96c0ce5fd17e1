using System.Collections.Concurrent;
using Comox.ServiceDefaults.Contracts.Nodes;
using Microsoft.Extensions.Logging;

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

    private static async Task<StreamReader> OpenAsync(RunningAgent agent)
    {
        var response = await agent.Http.GetAsync("node/events", HttpCompletionOption.ResponseHeadersRead);
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
