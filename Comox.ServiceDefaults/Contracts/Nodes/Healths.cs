namespace Comox.ServiceDefaults.Contracts.Nodes;

/// <summary>What is thought of a card or of an engine.</summary>
public static class Healths
{
    public const string Ok = "ok";

    /// <summary>It works, slower than it could or close to a limit.</summary>
    public const string Degraded = "degraded";

    /// <summary>Nothing should run on it.</summary>
    public const string Ejected = "ejected";
}
