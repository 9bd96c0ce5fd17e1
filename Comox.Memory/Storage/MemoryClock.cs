namespace Comox.Memory.Storage;

internal static class MemoryClock
{
    /// <summary>The time to the precision that is stored, so that an answer and its later reading agree.</summary>
    public static DateTimeOffset Now(this TimeProvider time) => DateTimeOffset.FromUnixTimeMilliseconds(time.GetUtcNow().ToUnixTimeMilliseconds());
}
