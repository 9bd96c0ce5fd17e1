using Comox.NodeAgent.Health;
using Comox.NodeAgent.Supervision;
using Microsoft.Extensions.Options;

namespace Comox.NodeAgent.Engines;

/// <summary>The engines of this node, in the order of the settings.</summary>
internal sealed class EngineRegistry(IOptions<NodeAgentOptions> options, NodeStatusBoard board, TimeProvider time, ILogger<EngineHandle> log)
{
    public IReadOnlyList<EngineHandle> All { get; } = [.. EngineSpec.Of(options.Value).Select(spec => Make(spec, board, time, log))];

    public EngineHandle? Find(string id) => All.FirstOrDefault(engine => engine.Id == id);

    private static EngineHandle Make(EngineSpec spec, NodeStatusBoard board, TimeProvider time, ILogger<EngineHandle> log)
    {
        var engine = new EngineHandle(spec, board, time, log);
        engine.Adapters.Changed += engine.TellAdapters;
        return engine;
    }
}
