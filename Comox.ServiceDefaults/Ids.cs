namespace Comox.ServiceDefaults;

/// <summary>Public ids such as <c>ses_01938e0c5d4b7c0a9f1e2d3c4b5a6978</c>: what it is, then a version 7 UUID, so that ids sort by time.</summary>
public static class Ids
{
    public static string New(string prefix, TimeProvider time) => $"{prefix}_{Guid.CreateVersion7(time.GetUtcNow()):N}";
}
