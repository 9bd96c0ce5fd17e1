using Comox.NodeAgent.Swapping;

namespace Comox.Benchmarks.Fleet;

/// <summary>
/// How a simulated node decides what to have in memory. All go through the same ledger and never hold more than the card does, which is more than those that they stand for do.
/// </summary>
/// <param name="Name">For the table.</param>
/// <param name="Words">What it stands for.</param>
/// <param name="Options">What the scheduler is given.</param>
/// <param name="ByUse">What counts is when a model was used last, and nothing else.</param>
/// <param name="MostModels">At most so many at once; null: as many as fit.</param>
/// <param name="Share">Of the memory that is used.</param>
/// <param name="KeepAlive">Seconds after which an unused model goes by itself; null: never.</param>
internal sealed record FleetSwapping(string Name, string Words, SwapOptions Options, bool ByUse, int? MostModels = null, double Share = 1, double? KeepAlive = null)
{
    private static readonly SwapOptions AtOnce = new() { MinResidency = TimeSpan.Zero, MaxWait = TimeSpan.Zero };

    public static readonly FleetSwapping Comox = new("comox", "what is lost by going: chance of a use soon × time to load, for a byte", new SwapOptions(), ByUse: false);

    public static readonly IReadOnlyList<FleetSwapping> All =
    [
        Comox,
        new("lru", "least recently used", AtOnce, ByUse: true),
        new("lru-count", "at most two models, least recently used: llama-server's router with --models-max 2", AtOnce, ByUse: true, MostModels: 2),
        new("keep-alive", "idle ones first, unloaded after five minutes, four fifths of the memory, at most three: Ollama", AtOnce, ByUse: true, MostModels: 3, Share: 0.8, KeepAlive: 300),
    ];

    public SwapPlan Decide(SwapView view) => SwapScheduler.Decide(Seen(view), Options);

    public SwapQuote Quote(SwapView view, string model) => SwapScheduler.Quote(Seen(view), model, Options);

    // A limit on the number is a limit on memory in which each takes at least its share.
    private SwapView Seen(SwapView view)
    {
        if (MostModels is null && Share >= 1)
            return view;
        var memory = (long)(view.Devices[0].ForModels * Share);
        // What does not fit into a share of it is given all of it, as by Ollama when nothing else is loaded.
        return new SwapView(
            [new SwapDevice(0, memory)],
            [.. view.Units.Select(unit => unit with { Bytes = Math.Min(memory, Math.Max(unit.Bytes, MostModels is { } most ? memory / most : 0)) })]);
    }
}
