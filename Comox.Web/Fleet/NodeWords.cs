using System.Globalization;
using Comox.ServiceDefaults.Contracts.Gateway;
using Comox.ServiceDefaults.Contracts.Nodes;
using Comox.Web.Controls;

namespace Comox.Web.Fleet;

/// <summary>What the gateway knows of a node, for people.</summary>
internal static class NodeWords
{
    private const string Unreachable = "cannot be reached";

    /// <summary>One or two words.</summary>
    public static string Label(NodeEntry node) => node.State switch
    {
        NodeStates.Heard => "Heard",
        NodeStates.Quiet => "Quiet",
        NodeStates.Silent => "Silent",
        NodeStates.Lost => "Lost",
        _ => node.State,
    };

    /// <summary>The state and what follows from it: "No word for 2.3 s: others are asked."</summary>
    public static string State(NodeEntry node) => node.State switch
    {
        NodeStates.Heard => "It is heard.",
        NodeStates.Quiet => $"{NoWord(node)}: others are asked.",
        NodeStates.Silent => $"{NoWord(node)}: what it was sent is asked for elsewhere.",
        NodeStates.Lost => Lost(node),
        _ => node.State,
    };

    /// <summary><c>good</c>, <c>busy</c> or <c>bad</c>.</summary>
    public static string Tone(NodeEntry node) => node.State switch
    {
        NodeStates.Heard => "good",
        NodeStates.Quiet => "busy",
        _ => "bad",
    };

    public static string Source(string source) => source switch
    {
        NodeSources.Settings => "settings",
        NodeSources.Discovery => "discovery",
        NodeSources.Dns => "DNS",
        NodeSources.Registered => "registration",
        _ => source,
    };

    public static string Health(string? health) => health switch
    {
        Healths.Ok => "Well",
        Healths.Degraded => "Degraded",
        Healths.Ejected => "Ejected",
        null => "Unknown",
        _ => health,
    };

    public static string Name(GpuStatus card) => string.Create(CultureInfo.InvariantCulture, $"Card {card.Index}, {card.Name}");

    /// <summary>"3 ready, 1 loading, 2 unloaded, 1 failed".</summary>
    public static string Engines(IReadOnlyList<EngineStatus> engines)
    {
        int Count(string tone) => engines.Count(engine => EngineWords.Tone(engine.State) == tone);
        var asleep = engines.Count(engine => engine.State == EngineStates.Asleep);
        return engines.Count == 0
            ? "no engine"
            : Listed((Count("good"), "ready"), (Count("busy"), "loading"), (asleep, "asleep"), (Count("idle") - asleep, "unloaded"), (Count("bad"), "failed"));
    }

    /// <summary>"2 in flight, 1 waiting"; "idle".</summary>
    public static string Work(IReadOnlyList<EngineStatus> engines) =>
        Listed((engines.Sum(engine => engine.InFlight), "in flight"), (engines.Sum(engine => engine.Waiting), "waiting")) is { Length: > 0 } work ? work : "idle";

    /// <summary>"2 downloads, 1 failed"; empty: nothing.</summary>
    public static string Downloads(IReadOnlyList<DownloadStatus> downloads)
    {
        var failed = downloads.Count(download => download.Problem is not null);
        var running = downloads.Count - failed;
        return Listed((running, running == 1 ? "download" : "downloads"), (failed, running > 0 ? "failed" : failed == 1 ? "download failed" : "downloads failed"));
    }

    private static string Lost(NodeEntry node)
    {
        var heard = node.SilentSeconds is { } silence && node.Status is not null ? $" It was heard {Wording.Duration(silence)} ago." : " It has never been heard.";
        return node.Reason switch
        {
            null or "" => $"It {Unreachable}.{heard}",
            var reason when reason.EndsWith(Unreachable, StringComparison.Ordinal) => $"{char.ToUpperInvariant(reason[0])}{reason[1..]}.{heard}",
            var reason => $"It {Unreachable}: {reason.TrimEnd('.')}.{heard}",
        };
    }

    private static string NoWord(NodeEntry node) => node.SilentSeconds is { } seconds ? $"No word for {Wording.Duration(seconds)}" : "No word";

    private static string Listed(params IEnumerable<(int Count, string What)> parts) =>
        string.Join(", ", parts.Where(part => part.Count > 0).Select(part => string.Create(CultureInfo.InvariantCulture, $"{part.Count} {part.What}")));
}
