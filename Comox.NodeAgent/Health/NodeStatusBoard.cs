using System.Reflection;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Comox.NodeAgent.Engines;
using Comox.NodeAgent.Hardware;
using Comox.ServiceDefaults.Contracts.Nodes;
using Microsoft.Extensions.Options;

namespace Comox.NodeAgent.Health;

/// <summary>Holds the one immutable <see cref="NodeStatus"/>; each change replaces it and wakes the watchers.</summary>
internal sealed class NodeStatusBoard
{
    private readonly Lock _lock = new();
    private readonly List<Channel<NodeStatus>> _watchers = [];
    private readonly TimeProvider _time;
    private NodeStatus _current;

    public NodeStatusBoard(IOptions<NodeAgentOptions> options, TimeProvider time)
    {
        _time = time;
        _current = new NodeStatus
        {
            Node = options.Value.Name,
            Revision = 1,
            StartedAt = Now,
            AgentVersion = typeof(NodeStatusBoard).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "0",
            Hardware = HardwareReader.Read(),
            Engines = [.. EngineSpec.Of(options.Value).Select(spec => spec.Announce(Now))],
        };
    }

    public DateTimeOffset Now => _time.GetUtcNow();

    public NodeStatus Current => Volatile.Read(ref _current);

    public EngineStatus Engine(string id) => Current.Engines.First(engine => engine.Id == id);

    public void Update(string id, Func<EngineStatus, EngineStatus> change) =>
        Change(status => status with { Engines = [.. status.Engines.Select(engine => engine.Id == id ? change(engine) : engine)] });

    public void SetCards(IReadOnlyList<GpuStatus> cards) =>
        Change(status => status with { Hardware = status.Hardware with { Gpus = [.. cards.Select(card => card.Name)], Cards = cards } });

    public void SetDownloads(IReadOnlyList<DownloadStatus> downloads) => Change(status => status with { Downloads = downloads });

    /// <summary>The status now and after every change, until cancelled. A slow reader gets the newest and misses what lay between.</summary>
    public async IAsyncEnumerable<NodeStatus> WatchAsync([EnumeratorCancellation] CancellationToken cancellation)
    {
        var channel = Channel.CreateBounded<NodeStatus>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropOldest });
        lock (_lock)
        {
            channel.Writer.TryWrite(_current);
            _watchers.Add(channel);
        }

        try
        {
            await foreach (var status in channel.Reader.ReadAllAsync(cancellation))
                yield return status;
        }
        finally
        {
            lock (_lock)
                _watchers.Remove(channel);
        }
    }

    private void Change(Func<NodeStatus, NodeStatus> change)
    {
        lock (_lock)
        {
            var next = change(_current);
            next = next with { Revision = _current.Revision + 1, Hardware = next.Hardware with { MemoryAvailableBytes = HardwareReader.AvailableMemory() } };
            Volatile.Write(ref _current, next);
            foreach (var watcher in _watchers)
                watcher.Writer.TryWrite(next);
        }
    }
}
