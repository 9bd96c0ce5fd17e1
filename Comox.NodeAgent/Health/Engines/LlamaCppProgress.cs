using System.Text.Json;
using Comox.NodeAgent.Engines;
using Comox.NodeAgent.Supervision;

namespace Comox.NodeAgent.Health.Engines;

/// <summary>
/// llama-server's <c>GET /slots</c> and <c>GET /metrics</c>. Both are answered by the loop that computes, between two batches: an answer proves that the loop runs,
/// and none may mean that it works on a long batch.
/// </summary>
internal sealed class LlamaCppProgress(EngineQuestions questions) : IEngineProgress
{
    public string Kind => EngineKinds.LlamaCpp;

    // Its --batch-size, which we leave at its default.
    public int? PromptStep => 2048;

    public async Task<EngineProgress> ReadAsync(EngineEndpoint endpoint, CancellationToken cancellation)
    {
        var slots = Slots(await questions.GetAsync(endpoint, "slots", cancellation));
        var metrics = PrometheusText.Read(await questions.GetAsync(endpoint, "metrics", cancellation));
        return slots with
        {
            Totals = new EngineTotals(
                metrics.GetValueOrDefault("llamacpp:prompt_tokens_total"), metrics.GetValueOrDefault("llamacpp:prompt_seconds_total"),
                metrics.GetValueOrDefault("llamacpp:tokens_predicted_total"), metrics.GetValueOrDefault("llamacpp:tokens_predicted_seconds_total")),
        };
    }

    public Task<int> TryAsync(EngineEndpoint endpoint, string model, CancellationToken cancellation) => questions.TryChatAsync(endpoint, model, cancellation);

    /// <code>[{"id":0,"is_processing":true,"id_task":3075,"n_prompt_tokens":56,"n_prompt_tokens_processed":51,…,"next_token":[{"n_decoded":3,…}]},…]</code>
    internal static EngineProgress Slots(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json);
        var tasks = new List<EngineTask>();
        var (isProcessing, id, read, written, context) = (false, 0L, 0, 0, 0);
        while (reader.Read())
        {
            switch (reader.TokenType)
            {
                case JsonTokenType.StartObject when reader.CurrentDepth == 1:
                    (isProcessing, id, read, written, context) = (false, 0, 0, 0, 0);
                    break;
                case JsonTokenType.EndObject when reader.CurrentDepth == 1 && isProcessing:
                    tasks.Add(new EngineTask(id, read, written, context));
                    break;
                case JsonTokenType.PropertyName when reader.ValueTextEquals("is_processing"u8):
                    reader.Read();
                    isProcessing = reader.GetBoolean();
                    break;
                case JsonTokenType.PropertyName when reader.ValueTextEquals("id_task"u8):
                    reader.Read();
                    id = reader.GetInt64();
                    break;
                case JsonTokenType.PropertyName when reader.ValueTextEquals("n_prompt_tokens"u8):
                    reader.Read();
                    context = reader.GetInt32();
                    break;
                case JsonTokenType.PropertyName when reader.ValueTextEquals("n_prompt_tokens_processed"u8):
                    reader.Read();
                    read = reader.GetInt32();
                    break;
                case JsonTokenType.PropertyName when reader.ValueTextEquals("n_decoded"u8):
                    reader.Read();
                    written = reader.GetInt32();
                    break;
                case JsonTokenType.PropertyName when reader.ValueTextEquals("params"u8):
                    reader.Skip(); // The larger half, and none of it moves.
                    break;
            }
        }

        return new EngineProgress { Tasks = tasks, Running = tasks.Count };
    }
}
