using Comox.ServiceDefaults;
using Comox.ServiceDefaults.Clients;
using Comox.ServiceDefaults.Contracts.Nodes;

namespace Comox.AllInOne;

/// <summary>Prints the banner, then follows the engine until it is ready or has failed, as a bar on a terminal and as lines elsewhere.</summary>
internal sealed class StartupProgress(
    StartupBanner banner, NodeAgentClient node, IHostApplicationLifetime lifetime, IServiceProvider services, TextWriter output, TimeProvider time) : BackgroundService
{
    private const int BarWidth = 30;
    private static readonly TimeSpan Between = TimeSpan.FromMilliseconds(50);
    private readonly bool _terminal = !Console.IsOutputRedirected;
    private string _last = "";

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (!await lifetime.HasStartedAsync(stoppingToken))
            return;
        banner.Welcome(SelfAddresses.Listening(services));

        while (!await FollowAsync(stoppingToken))
            await Task.Delay(TimeSpan.FromSeconds(1), time, stoppingToken);
    }

    /// <returns>True once there is nothing more to wait for.</returns>
    private async Task<bool> FollowAsync(CancellationToken cancellation)
    {
        try
        {
            await foreach (var status in node.WatchAsync(cancellation: cancellation))
            {
                if (NodeAgentClient.ChatEngine(status) is not { } chat)
                    continue;
                // One that is loaded when it is asked for has nothing more to wait for, either.
                if (chat is { State: EngineStates.Ready or EngineStates.Unloaded or EngineStates.Asleep, Model: { } model } && NodeAgentClient.TakesRequests(chat))
                {
                    await ServedAsync(cancellation);
                    Clear();
                    banner.Ready(model, chat.State);
                    return true;
                }

                if (chat.State == EngineStates.Failed)
                {
                    Clear();
                    output.WriteLine($"  The engine cannot start: {chat.Reason}");
                    output.Flush();
                    return true;
                }

                Show(chat);
            }
        }
        catch (Exception lost) when (lost is HttpRequestException or IOException)
        {
            // The agent's endpoint is not up yet, or the connection broke: the caller watches again.
        }

        return false;
    }

    /// <summary>Ready means that a chat is answered: the gateway hears of its node by itself, a moment after us or before.</summary>
    private async Task ServedAsync(CancellationToken cancellation)
    {
        while ((await services.GetRequiredService<GatewayChatClient>().ListModelsAsync(cancellation)).Value?.Data.Any(model => !model.Id.StartsWith("character/", StringComparison.Ordinal)) != true)
            await Task.Delay(Between, time, cancellation);
    }

    private void Show(EngineStatus engine)
    {
        if (_terminal)
        {
            var line = engine.Progress is { } progress ? $"  [{Bar(progress)}] {progress,4:P0}  {engine.Reason}" : $"  {engine.Reason}";
            output.Write($"\r{line.PadRight(_last.Length)}");
            _last = line;
        }
        else if (Milestone(engine) is var milestone && milestone != _last)
        {
            output.WriteLine($"  {engine.Reason}");
            _last = milestone;
        }

        output.Flush();
    }

    /// <summary>In a file, a line for each step and each tenth of it.</summary>
    private static string Milestone(EngineStatus engine) => engine.Progress is { } progress ? $"{engine.State} {Math.Floor(progress * 10)}" : engine.Reason;

    private static string Bar(double progress) => new string('#', (int)(Math.Clamp(progress, 0, 1) * BarWidth)).PadRight(BarWidth, '.');

    private void Clear()
    {
        if (_terminal && _last.Length > 0)
            output.Write($"\r{new string(' ', _last.Length)}\r");
    }
}
