using System.Globalization;
using Comox.ServiceDefaults.Contracts.Nodes;
using Comox.Web.Controls;

namespace Comox.Web.Fleet;

/// <summary>An engine's state for people: a word, and whether it is good news.</summary>
internal static class EngineWords
{
    public static string Label(NodeView node) => node switch
    {
        { IsLost: true } => "Node lost",
        { Status: null } => "Connecting",
        { ChatEngine: { } engine } => Label(engine.State),
        _ => "No chat engine",
    };

    public static string Label(string state) => state switch
    {
        EngineStates.Provisioning => "Installing the engine",
        EngineStates.Fetching => "Fetching the model",
        EngineStates.Loading => "Loading the model",
        EngineStates.Ready => "Ready",
        EngineStates.Unloaded => "Not in memory",
        EngineStates.Asleep => "Asleep",
        EngineStates.Draining => "Making room",
        EngineStates.Restarting => "Restarting",
        EngineStates.Failed => "Failed",
        EngineStates.Stopping => "Stopping",
        EngineStates.Stopped => "Stopped",
        _ => state,
    };

    /// <summary><c>good</c>, <c>busy</c>, <c>bad</c> or <c>idle</c>: the colour of the dot.</summary>
    public static string Tone(NodeView node) => node switch
    {
        { IsLost: true } => "bad",
        { ChatEngine: { } engine } => Tone(engine.State),
        _ => "busy",
    };

    public static string Tone(string state) => state switch
    {
        EngineStates.Ready => "good",
        EngineStates.Failed or EngineStates.Stopped => "bad",
        EngineStates.Unloaded or EngineStates.Asleep => "idle",
        _ => "busy",
    };

    public static string Requests(int count) => count == 1 ? "1 request" : $"{count} requests";

    /// <summary>"31.2 of the 40 it has shown".</summary>
    public static string Speed(EngineStatus engine) =>
        engine.ExpectedTokensPerSecond is { } expected ? $"{Rate(engine.TokensPerSecond)} of the {Rate(expected)} it has shown" : Rate(engine.TokensPerSecond);

    /// <summary>"card 0", "cards 0 and 1"; without one it is the processor.</summary>
    public static string Cards(IReadOnlyList<int> cards) => cards switch
    {
        [] => "the processor",
        [var only] => string.Create(CultureInfo.InvariantCulture, $"card {only}"),
        _ => string.Create(CultureInfo.InvariantCulture, $"cards {string.Join(", ", cards.SkipLast(1))} and {cards[^1]}"),
    };

    /// <summary>The value of <c>data-state</c>.</summary>
    public static string State(NodeView node) => node.IsLost ? "lost" : node.ChatEngine?.State ?? "connecting";

    public static string SourceOf(string source) => source switch
    {
        ModelSources.Configured => "named in the settings",
        ModelSources.Cache => "found in the model cache",
        ModelSources.Hub => "downloaded from the hub",
        ModelSources.BuiltIn => "ships with Comox",
        _ => source,
    };

    private static string Rate(double? tokens) => tokens?.ToString("0.#", CultureInfo.InvariantCulture) ?? Wording.Unknown;
}
