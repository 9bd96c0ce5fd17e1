namespace Comox.Memory.Vectors;

internal static class VectorTime
{
    /// <summary>The first whole millisecond at or after a time: what was said is stored in those, so "at or after" and "before" mean the same to every store.</summary>
    public static long FirstMillisecond(DateTimeOffset time)
    {
        var floor = time.ToUnixTimeMilliseconds();
        return DateTimeOffset.FromUnixTimeMilliseconds(floor) < time ? floor + 1 : floor;
    }
}
