using System.Diagnostics;
using Comox.Gateway.Forwarding;

namespace Comox.Gateway.Diagnostics;

/// <summary>One forwarded chat, from send to end: one span, and the metrics of <see cref="GatewayInstruments"/>.</summary>
internal sealed class MeasuredChat : ITokenWatch, IDisposable
{
    private const string Operation = "chat";

    private readonly GatewayTelemetry _telemetry;
    private readonly GatewayInstruments _to;
    private readonly Exchange _exchange;
    private readonly Activity? _activity;
    private readonly long _startedAt;
    private ChatLabels _labels;
    private readonly bool _captures;
    private readonly ChunkPauses? _pauses;
    private long _firstTokenAt;
    private long _lastTokenAt;

    public MeasuredChat(GatewayTelemetry telemetry, Exchange exchange)
    {
        (_telemetry, _to, _exchange) = (telemetry, telemetry.Instruments, exchange);
        _startedAt = telemetry.Time.GetTimestamp();
        _labels = Labels();
        _activity = telemetry.Activities.StartActivity($"{Operation} {exchange.Route.Model}", ActivityKind.Client);
        _captures = telemetry.CapturesContent && _activity is { IsAllDataRequested: true };
        if (_captures)
            exchange.Progress.Text ??= new ReplyText();
        if (_activity is not null)
            Describe(_activity);
        if (exchange.Request.Stream && !telemetry.ExportsEach)
            _pauses = new ChunkPauses(telemetry.Time);
        exchange.Reply.Watch = this;
        _to.Active.Add(1, _labels.Model);
    }

    /// <summary>A token came; runs for each, so it must not allocate.</summary>
    public void TokenAt(long timestamp)
    {
        if (_lastTokenAt == 0)
        {
            _firstTokenAt = timestamp;
        }
        else if (_pauses is not null)
        {
            _pauses.Add(timestamp - _lastTokenAt);
        }
        else if (_exchange.Request.Stream)
        {
            // Somebody exports each measurement, and what he is not told does not exist for him.
            var pause = _telemetry.Time.GetElapsedTime(_lastTokenAt, timestamp).TotalSeconds;
            _to.NextChunk.Latest.Record(pause, _labels.All);
            _to.NextChunk.Old.Record(pause, _labels.All);
        }

        _lastTokenAt = timestamp;
    }

    public void AnswersInstead()
    {
        _labels = Labels();
        if (_activity is not null)
            DescribeBackend(_activity);
    }

    public void End(ForwardError? error)
    {
        var reply = _exchange.Reply;
        var seconds = _telemetry.Time.GetElapsedTime(_startedAt).TotalSeconds;
        var outcome = error?.Error.Code ?? (_exchange.Aborted.IsCancellationRequested ? "cancelled" : null);
        var labels = outcome is null ? _labels.All : _labels.With("error.type", _telemetry.Errors.Bound(outcome));
        _to.Duration.Latest.Record(seconds, labels);
        _to.Duration.Old.Record(seconds, labels);
        _to.ServerDuration.Record(seconds, labels);
        if (_firstTokenAt != 0)
            RecordTimes();
        RecordTokens(reply);
        if (_activity is not null)
            Describe(_activity, reply, error, outcome);
    }

    public void Dispose()
    {
        _exchange.Reply.Watch = null;
        if (_pauses is { IsEmpty: false })
        {
            _telemetry.Store.Merge(_to.NextChunk.Latest, _labels.All, _pauses.Counts, _pauses.Seconds);
            _telemetry.Store.Merge(_to.NextChunk.Old, _labels.All, _pauses.Counts, _pauses.Seconds);
        }

        _to.Active.Add(-1, _labels.Model);
        _activity?.Dispose();
    }

    private ChatLabels Labels() => new(Operation, _telemetry.Providers.Bound(_exchange.Backend.Kind), _telemetry.Models.Bound(_exchange.Route.Model));

    // Of this attempt alone: where an answer goes on elsewhere, its first token came before this one was sent.
    private TimeSpan UntilFirst => _telemetry.Time.GetElapsedTime(_startedAt, _firstTokenAt);

    private void RecordTimes()
    {
        var untilFirst = UntilFirst.TotalSeconds;
        _to.ServerFirstToken.Record(untilFirst, _labels.All);
        // The tokens of an answer that goes on are those of several backends.
        if (_exchange is { IsContinued: false, Reply.CompletionTokens: > 1 and var tokens })
            _to.ServerPerToken.Record(_telemetry.Time.GetElapsedTime(_firstTokenAt, _lastTokenAt).TotalSeconds / (tokens - 1), _labels.All);
        if (!_exchange.Request.Stream)
            return;
        _to.FirstChunk.Latest.Record(untilFirst, _labels.All);
        _to.FirstChunk.Old.Record(untilFirst, _labels.All);
    }

    // An answer that broke off is told of by each attempt; what one has recorded the next does not record again.
    private void RecordTokens(ReplyFacts reply)
    {
        if (reply.TakeUnmeteredPrompt() is > 0 and var prompt)
        {
            _to.InputTokens.Add(prompt, _labels.All);
            _to.InputTokensPerChat.Record(prompt, _labels.All);
            _to.TokenUsage.Record(prompt, _labels.With("gen_ai.token.type", "input"));
        }

        if (reply.TakeUnmeteredOutput() is > 0 and var completion)
        {
            _to.OutputTokens.Add(completion, _labels.All);
            _to.OutputTokensPerChat.Record(completion, _labels.All);
            _to.TokenUsage.Record(completion, _labels.With("gen_ai.token.type", "output"));
        }

        if (reply.TakeUnmeteredCached() is > 0 and var cached)
            _to.CacheReadTokens.Add(cached, _labels.All);
        if (reply.TakeUnmeteredReasoning() is > 0 and var reasoning)
            _to.ReasoningTokens.Add(reasoning, _labels.All);
    }

    private void Describe(Activity activity)
    {
        var (request, route) = (_exchange.Request, _exchange.Route);
        DescribeBackend(activity);
        activity.SetTag("gen_ai.operation.name", Operation).SetTag("gen_ai.request.model", route.Model).SetTag("gen_ai.request.max_tokens", request.MaxTokens)
            .SetTag("gen_ai.conversation.id", _exchange.Recalled?.Session).SetTag("comox.character", route.Character).SetTag("comox.request", _exchange.Id);
        if (request.Stream)
            activity.SetTag("gen_ai.request.stream", true);
        if (request.Choices != 1)
            activity.SetTag("gen_ai.request.choice.count", request.Choices);
        // The client's own temperature is not read; the model's is what the engine is sent without one.
        if (!request.HasTemperature)
            activity.SetTag("gen_ai.request.temperature", route.Profile.Temperature);
        if (_captures)
            activity.SetTag("gen_ai.input.messages", CapturedContent.Input(_exchange));
    }

    private void DescribeBackend(Activity activity)
    {
        var backend = _exchange.Backend;
        // gen_ai.system is what gen_ai.provider.name was called before 2025-08; both are in use.
        activity.SetTag("gen_ai.provider.name", backend.Kind).SetTag("gen_ai.system", backend.Kind)
            .SetTag("server.address", backend.BaseAddress.Host).SetTag("server.port", backend.BaseAddress.Port).SetTag("comox.backend", backend.Id);
    }

    private void Describe(Activity activity, ReplyFacts reply, ForwardError? error, string? outcome)
    {
        activity.SetTag("gen_ai.response.id", reply.ResponseId).SetTag("gen_ai.response.model", reply.ResponseModel)
            .SetTag("gen_ai.usage.input_tokens", reply.PromptTokens).SetTag("gen_ai.usage.output_tokens", reply.CompletionTokens)
            .SetTag("gen_ai.usage.cache_read.input_tokens", reply.CachedTokens).SetTag("gen_ai.usage.reasoning.output_tokens", reply.ReasoningTokens)
            .SetTag("error.type", outcome);
        var finish = outcome is null ? reply.FinishReason ?? "error" : "error";
        // One reason per choice, and of the others none is known.
        if (_exchange.Request.Choices == 1)
            activity.SetTag("gen_ai.response.finish_reasons", new[] { finish });
        if (_exchange.Request.Stream && _firstTokenAt != 0)
            activity.SetTag("gen_ai.response.time_to_first_chunk", UntilFirst.TotalSeconds);
        if (error is not null)
            activity.SetStatus(ActivityStatusCode.Error, error.Error.Code);
        if (_captures)
            activity.SetTag("gen_ai.output.messages", CapturedContent.Output(_exchange.Progress.Text, finish));
    }
}
