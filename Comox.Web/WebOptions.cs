namespace Comox.Web;

/// <summary>Section <c>Comox:Web</c>.</summary>
internal sealed record WebOptions
{
    public const string Section = "Comox:Web";

    /// <summary>Largest card a person can import, in bytes.</summary>
    public long MaxCardBytes { get; init; } = 16 * 1024 * 1024;

    /// <summary>The gateway's address as people's own programs see it, shown in examples; null: the console's own address, as in AllInOne.</summary>
    public string? PublicGatewayUrl { get; init; }

    public string? Problem =>
        MaxCardBytes is < 1024 or > 256 * 1024 * 1024 ? $"{Section}:MaxCardBytes must be between 1024 and 268435456."
        : PublicGatewayUrl is { } url && !(Uri.TryCreate(url, UriKind.Absolute, out var parsed) && parsed.Scheme is "http" or "https")
            ? $"{Section}:PublicGatewayUrl must be an absolute http or https address, for example http://box.lan:8080."
            : null;
}
