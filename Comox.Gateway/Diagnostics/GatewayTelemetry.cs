using System.Diagnostics;
using System.Diagnostics.Metrics;
using Comox.Gateway.Forwarding;

namespace Comox.Gateway.Diagnostics;

/// <summary>
/// Traces and metrics of forwarded chats with OpenTelemetry's GenAI names (semantic-conventions-genai v0.1.0). Labels come from configuration,
/// never from clients, so their number is bounded; prompts and replies are in none of them.
/// </summary>
internal sealed class GatewayTelemetry : IDisposable
{
    public const string Name = "Comox.Gateway";

    private readonly TimeProvider _time;
    private readonly ActivitySource _activities = new(Name);
    private readonly Meter _meter;
    private readonly Histogram<double> _duration;
    private readonly Histogram<double> _firstToken;
    private readonly Counter<long> _inputTokens;
    private readonly Counter<long> _outputTokens;
    private readonly UpDownCounter<long> _active;

    public GatewayTelemetry(IMeterFactory meters, TimeProvider time)
    {
        _time = time;
        _meter = meters.Create(Name);
        _duration = _meter.CreateHistogram<double>("gen_ai.server.request.duration", "s");
        _firstToken = _meter.CreateHistogram<double>("gen_ai.server.time_to_first_token", "s");
        _inputTokens = _meter.CreateCounter<long>("gen_ai.client.inference.usage.input_tokens", "{token}");
        _outputTokens = _meter.CreateCounter<long>("gen_ai.client.inference.usage.output_tokens", "{token}");
        _active = _meter.CreateUpDownCounter<long>("comox.gateway.active_requests", "{request}");
    }

    public Measured Start(Exchange exchange) => new(this, exchange);

    public void Dispose() => _activities.Dispose();

    /// <summary>One forwarded chat, from send to end.</summary>
    internal sealed class Measured : IDisposable
    {
        private readonly GatewayTelemetry _owner;
        private readonly Exchange _exchange;
        private readonly Activity? _activity;
        private readonly long _startedAt;
        private readonly KeyValuePair<string, object?> _model;

        public Measured(GatewayTelemetry owner, Exchange exchange)
        {
            (_owner, _exchange) = (owner, exchange);
            _startedAt = owner._time.GetTimestamp();
            _model = new("gen_ai.request.model", exchange.Route.Model);
            _activity = owner._activities.StartActivity($"chat {exchange.Route.Model}", ActivityKind.Client);
            _activity?.SetTag("gen_ai.operation.name", "chat").SetTag("gen_ai.request.model", exchange.Route.Model)
                .SetTag("gen_ai.request.stream", exchange.Request.Stream).SetTag("gen_ai.provider.name", exchange.Backend.Engine.Kind)
                .SetTag("comox.backend", exchange.Backend.Id).SetTag("comox.character", exchange.Route.Character)
                .SetTag("gen_ai.conversation.id", exchange.Recalled?.Session);
            owner._active.Add(1, _model);
        }

        public void End(ForwardError? error)
        {
            var reply = _exchange.Reply;
            var outcome = error?.Error.Code ?? (_exchange.Aborted.IsCancellationRequested ? "cancelled" : null);
            _owner._duration.Record(_owner._time.GetElapsedTime(_startedAt).TotalSeconds, _model, new("error.type", outcome));
            if (reply.FirstTokenAt is { } first)
                _owner._firstToken.Record(_owner._time.GetElapsedTime(_startedAt, first).TotalSeconds, _model);
            if (reply.PromptTokens is { } prompt)
                _owner._inputTokens.Add(prompt, _model);
            if (reply.CompletionTokens is { } completion)
                _owner._outputTokens.Add(completion, _model);

            _activity?.SetTag("gen_ai.usage.input_tokens", reply.PromptTokens).SetTag("gen_ai.usage.output_tokens", reply.CompletionTokens)
                .SetTag("gen_ai.response.finish_reasons", reply.FinishReason is null ? null : new[] { reply.FinishReason }).SetTag("error.type", outcome);
            if (error is not null)
                _activity?.SetStatus(ActivityStatusCode.Error, error.Error.Code);
        }

        public void Dispose()
        {
            _owner._active.Add(-1, _model);
            _activity?.Dispose();
        }
    }
}
