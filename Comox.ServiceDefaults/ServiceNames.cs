namespace Comox.ServiceDefaults;

/// <summary>
/// The names by which services find each other: resource names in the AppHost, host names in
/// <c>http://memory</c>, and the middle of <c>services__memory__http__0</c>.
/// </summary>
public static class ServiceNames
{
    public const string Gateway = "gateway";
    public const string Memory = "memory";
    public const string NodeAgent = "nodeagent";
    public const string Web = "web";

    /// <summary>The address of a service as its clients write it; service discovery turns it into a real one.</summary>
    public static Uri AddressOf(string service) => new($"https+http://{service}");
}
