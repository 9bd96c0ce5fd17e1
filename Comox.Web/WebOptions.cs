namespace Comox.Web;

/// <summary>Section <c>Comox:Web</c>.</summary>
internal sealed record WebOptions
{
    public const string Section = "Comox:Web";

    /// <summary>Largest card a person can import, in bytes.</summary>
    public long MaxCardBytes { get; init; } = 16_000_000;

    /// <summary>The gateway's address as people's own programs see it, shown in examples; null: the console's own address, as in AllInOne.</summary>
    public string? PublicGatewayUrl { get; init; }

    /// <summary>
    /// Whether a browser on this machine needs no login. Turn it off behind a reverse proxy on this machine that adds no forwarding header: every visitor
    /// of such a proxy looks like the owner.
    /// </summary>
    public bool TrustLoopback { get; init; } = true;

    public string? Problem =>
        MaxCardBytes is < 1_000 or > 256_000_000 ? $"{Section}:MaxCardBytes must be between 1000 and 256000000."
        : PublicGatewayUrl is { } url && !(Uri.TryCreate(url, UriKind.Absolute, out var parsed) && parsed.Scheme is "http" or "https")
            ? $"{Section}:PublicGatewayUrl must be an absolute http or https address, for example http://box.lan:8080."
            : null;
}
