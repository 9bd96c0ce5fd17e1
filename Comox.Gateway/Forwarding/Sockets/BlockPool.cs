using System.Buffers;
using Microsoft.AspNetCore.Connections.Features;

namespace Comox.Gateway.Forwarding.Sockets;

/// <summary>Memory for Kestrel's connections: never less than a block, because Kestrel asks for zero bytes and expects some, as its own pool gives them.</summary>
internal sealed class BlockPool : MemoryPool<byte>, IMemoryPoolFeature
{
    private const int Block = 4096;

    public static BlockPool Instance { get; } = new();

    public override int MaxBufferSize => Shared.MaxBufferSize;

    public MemoryPool<byte> MemoryPool => this;

    public override IMemoryOwner<byte> Rent(int minBufferSize = -1) => Shared.Rent(Math.Max(minBufferSize, Block));

    protected override void Dispose(bool disposing)
    {
    }
}
