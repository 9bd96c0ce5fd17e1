using Comox.NodeAgent.Engines;

namespace Comox.NodeAgent.Swapping;

/// <summary>What a decision may do to the world; nothing else does. Neither waits: what becomes of it shows in the engine's state.</summary>
internal interface ISwapEffects
{
    void Load(string unit, int device);

    void Drain(string unit);
}

/// <summary>Tells the supervisors, which obey.</summary>
internal sealed class EngineSwapEffects(EngineRegistry engines) : ISwapEffects
{
    public void Load(string unit, int device) => engines.Find(unit)?.Wanted.Set(true);

    public void Drain(string unit)
    {
        if (engines.Find(unit) is not { } engine)
            return;
        // Closed here and now: between the decision and the supervisor nobody may slip in.
        engine.Traffic.Close();
        engine.Wanted.Set(false);
    }
}
