using Comox.NodeAgent.Engines;
using Comox.ServiceDefaults.Contracts.Nodes;

namespace Comox.NodeAgent.Swapping;

/// <summary>What a decision may do to the world; nothing else does. Neither waits: what becomes of it shows in the engine's state.</summary>
internal interface ISwapEffects
{
    void Load(string unit, int device);

    void Drain(string unit);

    void Sleep(string unit);

    void ReadAhead(string unit);
}

/// <summary>Tells the supervisors, which obey.</summary>
internal sealed class EngineSwapEffects(EngineRegistry engines, FileReadAhead ahead) : ISwapEffects
{
    public void Load(string unit, int device)
    {
        if (engines.Find(unit) is not { } engine)
            return;
        ahead.Stop(); // It would only hold up who really reads.
        if (engine.Status.State != EngineStates.Asleep)
            engine.Place = engine.Places.FirstOrDefault(place => place.Index == device);
        engine.Wanted.Set(true);
    }

    public void Drain(string unit) => Leave(unit, maySleep: false);

    public void Sleep(string unit) => Leave(unit, maySleep: true);

    public void ReadAhead(string unit)
    {
        if (engines.Find(unit) is { } engine)
            ahead.Start(engine.Weights);
    }

    private void Leave(string unit, bool maySleep)
    {
        if (engines.Find(unit) is not { } engine)
            return;
        // Closed here and now: between the decision and the supervisor nobody may slip in.
        engine.Traffic.Close();
        engine.MaySleep.Set(maySleep);
        engine.Wanted.Set(false);
    }
}
