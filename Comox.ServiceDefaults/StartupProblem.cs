namespace Comox.ServiceDefaults;

/// <summary>
/// Something outside the program keeps it from starting (a folder, a port, a setting). The host prints <see cref="Exception.Message"/>
/// and <see cref="WayOut"/> without a stack trace and exits with code 1.
/// </summary>
public sealed class StartupProblem(string cause, string wayOut, Exception? inner = null) : Exception(cause, inner)
{
    /// <summary>What the person can do about it, as one sentence.</summary>
    public string WayOut { get; } = wayOut;
}
