namespace Comox.Gateway.Diagnostics;

/// <summary>Section <c>Comox:Gateway:Telemetry</c>.</summary>
internal sealed record TelemetryOptions
{
    public const string Section = $"{GatewayOptions.Section}:Telemetry";

    /// <summary>Whether spans carry what people and models say. Whoever reads the traces then reads the conversations.</summary>
    public bool CaptureContent { get; set; }

    /// <summary>
    /// Whether every pause between two tokens is recorded by itself, which costs about as much as carrying the token; else all of a chat are added to <c>/metrics</c> when it is over. Null:
    /// only where a collector is configured, which would not hear of them otherwise.
    /// </summary>
    public bool? EachChunk { get; set; }
}

/// <summary>Section <c>Comox:Gateway:Metrics</c>.</summary>
internal sealed record MetricsOptions
{
    public const string Section = $"{GatewayOptions.Section}:Metrics";

    /// <summary>Whether <c>GET /metrics</c> answers without a key.</summary>
    public bool Anonymous { get; set; }
}
