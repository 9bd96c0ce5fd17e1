using System.Diagnostics.Metrics;

namespace Comox.Gateway.Diagnostics;

/// <summary>
/// Every instrument of the gateway. OpenTelemetry's GenAI names changed with semantic-conventions-genai v0.1.0, and dashboards of both kinds are in
/// use, so both names are kept. docs/metrics.md says what each means; a test compares the two.
/// </summary>
internal sealed class GatewayInstruments
{
    public const string Meter = "Comox.Gateway";

    private static readonly InstrumentAdvice<double> Seconds = new() { HistogramBucketBoundaries = [.. Enumerable.Range(0, 14).Select(n => 0.01 * (1 << n))] };
    private static readonly InstrumentAdvice<long> Tokens = new() { HistogramBucketBoundaries = [.. Enumerable.Range(0, 14).Select(n => 1L << (2 * n))] };

    private static readonly InstrumentAdvice<double> FirstToken =
        new() { HistogramBucketBoundaries = [0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10] };

    private static readonly InstrumentAdvice<double> PerToken =
        new() { HistogramBucketBoundaries = [0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5] };

    public GatewayInstruments(IMeterFactory meters)
    {
        var meter = meters.Create(Meter);
        Duration = Both("gen_ai.client.inference.duration", "gen_ai.client.operation.duration", "From sending a chat to an engine until its answer is over.");
        FirstChunk = Both("gen_ai.client.inference.time_to_first_chunk", "gen_ai.client.operation.time_to_first_chunk", "From sending a streamed chat until its first token.");
        NextChunk = Both("gen_ai.client.inference.time_per_output_chunk", "gen_ai.client.operation.time_per_output_chunk", "Between two tokens of a streamed chat.");
        ServerDuration = InSeconds("gen_ai.server.request.duration", "As gen_ai.client.inference.duration: to its clients, the gateway is the server.");
        ServerFirstToken = meter.CreateHistogram("gen_ai.server.time_to_first_token", "s", "From sending a chat until its first token, where the engine streams.", null, FirstToken);
        ServerPerToken = meter.CreateHistogram("gen_ai.server.time_per_output_token", "s", "Mean time per token after the first, one value per chat.", null, PerToken);

        InputTokens = Counted("gen_ai.client.inference.usage.input_tokens", "Tokens of prompts, cached ones included, as engines count them.");
        OutputTokens = Counted("gen_ai.client.inference.usage.output_tokens", "Tokens of answers, reasoning included.");
        CacheReadTokens = Counted("gen_ai.client.inference.usage.cache_read.input_tokens", "Tokens of prompts that engines had in their cache.");
        ReasoningTokens = Counted("gen_ai.client.inference.usage.reasoning.output_tokens", "Tokens of answers that were reasoning.");
        InputTokensPerChat = InTokens("gen_ai.client.inference.operation.input_tokens", "Tokens of one prompt.");
        OutputTokensPerChat = InTokens("gen_ai.client.inference.operation.output_tokens", "Tokens of one answer.");
        TokenUsage = InTokens("gen_ai.client.token.usage", "Tokens of one chat by gen_ai.token.type: input or output.");

        Active = meter.CreateUpDownCounter<long>("comox.gateway.active_requests", "{request}", "Chats that an engine is answering.");
        Requests = meter.CreateCounter<long>("comox.gateway.requests", "{request}", "Chats that are over, the refused ones included.");
        RequestDuration = InSeconds("comox.gateway.request.duration", "A whole chat in the gateway: routing, memory, engine, and the client's reading.");

        (Histogram<double> Latest, Histogram<double> Old) Both(string latest, string old, string what) => (InSeconds(latest, what), InSeconds(old, $"The old name of {latest}."));
        Histogram<double> InSeconds(string name, string what) => meter.CreateHistogram(name, "s", what, null, Seconds);
        Histogram<long> InTokens(string name, string what) => meter.CreateHistogram(name, "{token}", what, null, Tokens);
        Counter<long> Counted(string name, string what) => meter.CreateCounter<long>(name, "{token}", what);
    }

    public (Histogram<double> Latest, Histogram<double> Old) Duration { get; }
    public (Histogram<double> Latest, Histogram<double> Old) FirstChunk { get; }
    public (Histogram<double> Latest, Histogram<double> Old) NextChunk { get; }
    public Histogram<double> ServerDuration { get; }
    public Histogram<double> ServerFirstToken { get; }
    public Histogram<double> ServerPerToken { get; }
    public Counter<long> InputTokens { get; }
    public Counter<long> OutputTokens { get; }
    public Counter<long> CacheReadTokens { get; }
    public Counter<long> ReasoningTokens { get; }
    public Histogram<long> InputTokensPerChat { get; }
    public Histogram<long> OutputTokensPerChat { get; }
    public Histogram<long> TokenUsage { get; }
    public UpDownCounter<long> Active { get; }
    public Counter<long> Requests { get; }
    public Histogram<double> RequestDuration { get; }
}
