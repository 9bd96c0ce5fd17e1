using System.Diagnostics;
using Comox.Gateway.Diagnostics.Prometheus;
using Microsoft.Extensions.Options;

namespace Comox.Gateway.Diagnostics;

/// <summary>
/// Traces and metrics of forwarded chats with OpenTelemetry's GenAI names (semantic-conventions-genai v0.1.0, and the names before it). Labels come
/// from configuration and from engines, never from clients, and each has at most <see cref="LabelValues.Limit"/> values; prompts and replies are
/// in none of them, and in spans only where <see cref="TelemetryOptions.CaptureContent"/> asks for it.
/// </summary>
internal sealed class GatewayTelemetry(GatewayInstruments instruments, MetricStore store, IOptions<TelemetryOptions> options, IConfiguration configuration, TimeProvider time) : IDisposable
{
    public const string Name = GatewayInstruments.Meter;

    private readonly ActivitySource _activities = new(Name);

    public GatewayInstruments Instruments => instruments;
    public TimeProvider Time => time;
    public ActivitySource Activities => _activities;
    public MetricStore Store => store;

    /// <summary>Whether a collector wants every single measurement.</summary>
    public bool ExportsEach { get; } = options.Value.EachChunk ?? !string.IsNullOrWhiteSpace(configuration["OTEL_EXPORTER_OTLP_ENDPOINT"]);

    public bool CapturesContent => options.Value.CaptureContent;
    public LabelValues Models { get; } = new();
    public LabelValues Providers { get; } = new();
    public LabelValues Errors { get; } = new();

    public MeasuredChat Start(Exchange exchange) => new(this, exchange);

    public void Dispose() => _activities.Dispose();
}
