namespace Comox.BuiltInModel.Training;

/// <summary>While it lives, nothing is collected.</summary>
/// <remarks>
/// TorchSharp makes an object of every number that meets a tensor, also of the 1 in each sum's <c>a + 1·b</c>, and nothing holds it while libtorch reads it: with two
/// threads the collector takes one in use every few minutes ("Unknown scalar type").
/// </remarks>
internal sealed class Uncollected : IDisposable
{
    /// <summary>A step leaves some 10 MB.</summary>
    private const long Room = 200_000_000;

    public Uncollected()
    {
        if (!GC.TryStartNoGCRegion(Room))
            throw new InvalidOperationException($"There are no {Room} bytes for the collector to leave alone.");
    }

    public void Dispose() => GC.EndNoGCRegion();
}
