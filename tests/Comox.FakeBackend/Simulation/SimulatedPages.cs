using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Comox.FakeBackend.Simulation;

/// <summary>What a <see cref="SimulatedServer"/> says, in llama-server's words.</summary>
internal sealed class SimulatedPages(LiveBatch batch, string model, int slots)
{
    private readonly string _model = JsonSerializer.Serialize(model);

    /// <returns>How many of the words the text is; null: it is not their beginning.</returns>
    public static int? Beginning(string said, int words)
    {
        var count = said.Count(letter => letter == ' ');
        return count <= words && said == Text(0, count) ? count : null;
    }

    public static string Text(int from, int to)
    {
        var text = new StringBuilder();
        for (var word = from; word < to; word++)
            text.Append(CultureInfo.InvariantCulture, $"w{word} ");
        return text.ToString();
    }

    public string Models() => $$"""{"object":"list","data":[{"id":{{_model}},"object":"model","owned_by":"llamacpp"}]}""";

    public string Slots()
    {
        var running = batch.Running.Take(slots).ToList();
        return $"[{string.Join(',', Enumerable.Range(0, slots).Select(slot => slot < running.Count ? Busy(slot, running[slot]) : Idle(slot)))}]";
    }

    public string Metrics() => string.Create(
        CultureInfo.InvariantCulture,
        $"llamacpp:prompt_tokens_total 0\nllamacpp:prompt_seconds_total 0\nllamacpp:tokens_predicted_total {batch.Written}\nllamacpp:tokens_predicted_seconds_total 0\nllamacpp:requests_processing {Math.Min(slots, batch.Running.Count)}\nllamacpp:requests_deferred {Math.Max(0, batch.Running.Count - slots)}\n");

    public string Role() => Chunk("""{"role":"assistant","content":null}""", null);

    public string Word(int word) => Chunk($$"""{"content":"w{{word.ToString(CultureInfo.InvariantCulture)}} "}""", null);

    public string End(int tokens) => Chunk("{}", "stop")
        + $$$"""data: {"choices":[],"created":1,"id":"chatcmpl-s","model":{{{_model}}},"object":"chat.completion.chunk","usage":{"completion_tokens":{{{tokens}}},"prompt_tokens":1,"total_tokens":{{{tokens + 1}}}}}""" + "\n\ndata: [DONE]\n\n";

    public string Whole(int from, int to) =>
        $$$"""{"choices":[{"finish_reason":"stop","index":0,"message":{"role":"assistant","content":"{{{Text(from, to)}}}"}}],"created":1,"id":"chatcmpl-s","model":{{{_model}}},"object":"chat.completion","usage":{"completion_tokens":{{{to - from}}},"prompt_tokens":1,"total_tokens":{{{to - from + 1}}}}}""";

    private string Chunk(string delta, string? finish) =>
        $$$"""data: {"choices":[{"finish_reason":{{{(finish is null ? "null" : $"\"{finish}\"")}}},"index":0,"delta":{{{delta}}}}],"created":1,"id":"chatcmpl-s","model":{{{_model}}},"object":"chat.completion.chunk"}""" + "\n\n";

    private static string Busy(int slot, (int Id, int Prompt, int Read, int Written) call) => string.Create(
        CultureInfo.InvariantCulture,
        $$$"""{"id":{{{slot}}},"n_ctx":8192,"is_processing":true,"id_task":{{{call.Id}}},"n_prompt_tokens":{{{call.Prompt + call.Written}}},"n_prompt_tokens_processed":{{{call.Read}}},"n_prompt_tokens_cache":0,"next_token":[{"has_next_token":true,"n_decoded":{{{call.Written}}}}]}""");

    private static string Idle(int slot) => string.Create(CultureInfo.InvariantCulture, $$"""{"id":{{slot}},"n_ctx":8192,"is_processing":false}""");
}
