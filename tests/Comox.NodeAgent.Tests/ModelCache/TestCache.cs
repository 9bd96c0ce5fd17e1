using Comox.NodeAgent.ModelCache;
using Comox.NodeAgent.ModelCache.Stores;
using Comox.NodeAgent.Tests.Downloads;
using Comox.ServiceDefaults;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Comox.NodeAgent.Tests.ModelCache;

/// <summary>A model cache as the agent puts it together, on a drive with as much room as wanted.</summary>
internal sealed class TestCache : IDriveSpace
{
    private readonly IOptions<NodeAgentOptions> _options;
    private readonly TimeProvider _time;

    public TestCache(IConfiguration configuration, IOptions<NodeAgentOptions> options, TimeProvider time)
    {
        (_options, _time) = (options, time);
        Drive = new CacheDrive(ComoxHome.Open(configuration), options, time);
        Caches = new ModelCaches(Drive, Leases, configuration, time);
        Room = new CacheRoom(options, Leases, this, time, NullLogger<CacheRoom>.Instance);
    }

    public BlobLeases Leases { get; } = new();
    public CacheDrive Drive { get; }
    public ModelCaches Caches { get; }
    public CacheRoom Room { get; }
    public long Free { get; set; } = long.MaxValue / 2;

    public ModelStores Stores(HubClient hub, params INearStore[] near) => new(hub, near, _options, TimeProvider.System);

    public ModelFetch Fetch(ModelStores stores) => new(Drive, Room, stores, TestDownloads.New(_time), _options, _time);

    long IDriveSpace.FreeBytes(string folder) => Free;
}
