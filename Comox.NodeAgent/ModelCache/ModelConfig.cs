using System.Text.Json;

namespace Comox.NodeAgent.ModelCache;

/// <summary>How weights in safetensors were made smaller.</summary>
/// <param name="Method">As <c>config.json</c> names it: <c>awq</c>, <c>gptq</c>, <c>fp8</c>, <c>compressed-tensors</c>, …</param>
/// <param name="WeightBits">Bits of a weight; null: unknown.</param>
/// <param name="IsFloat">Weights are floating-point numbers of few bits, not integers.</param>
/// <param name="ActivationBits">Bits of what flows through the model where that is quantized, too; null: it stays in 16 bits.</param>
internal sealed record ModelQuantization(string Method, int? WeightBits, bool IsFloat, int? ActivationBits)
{
    /// <summary>In a word for a person: "FP8 W8A8", "INT8 W8A8", "AWQ 4-bit".</summary>
    public string Words => this switch
    {
        { WeightBits: { } bits, ActivationBits: { } activation } => $"{(IsFloat ? "FP" : "INT")}{bits} W{bits}A{activation}",
        { Method: "compressed-tensors" or "fp8", WeightBits: { } bits } => $"{(IsFloat ? "FP" : "INT")}{bits} weights",
        { WeightBits: { } bits } => $"{Method.ToUpperInvariant()} {bits}-bit",
        _ => Method,
    };
}

/// <summary>What a <c>config.json</c> says. Models that see or hear keep what is said of their language in an object of its own.</summary>
internal sealed class ModelConfig(JsonElement root)
{
    private readonly JsonElement _text = root.ValueKind == JsonValueKind.Object && root.TryGetProperty("text_config", out var text) && text.ValueKind == JsonValueKind.Object ? text : root;

    public string? Architecture =>
        Get(root, "architectures") is { ValueKind: JsonValueKind.Array } list && list.GetArrayLength() > 0 && list[0].ValueKind == JsonValueKind.String ? list[0].GetString() : Text(root, "model_type");

    public int? ContextTokens => Number(_text, "max_position_embeddings") is > 0 and <= int.MaxValue and var tokens ? (int)tokens : null;

    public string? DataType => Text(_text, "dtype") ?? Text(_text, "torch_dtype") ?? Text(root, "dtype") ?? Text(root, "torch_dtype");

    /// <summary>Layers × heads that keep keys and values × their length × 2 × 2 bytes.</summary>
    public long? KeyValueBytesPerToken
    {
        get
        {
            if (Number(_text, "num_hidden_layers") is not { } layers || Number(_text, "num_attention_heads") is not (> 0 and var heads))
                return null;
            var length = Number(_text, "head_dim") ?? (Number(_text, "hidden_size") / heads);
            return layers * (Number(_text, "num_key_value_heads") ?? heads) * length * 4;
        }
    }

    public ModelQuantization? Quantization
    {
        get
        {
            if ((Get(root, "quantization_config") ?? Get(_text, "quantization_config")) is not { ValueKind: JsonValueKind.Object } quantization)
                return null;
            var method = Text(quantization, "quant_method") ?? "unknown";
            return method switch
            {
                // A static scheme has the scales of the activations in the file; a dynamic one is made while it runs, where the card can.
                "fp8" or "fbgemm_fp8" => new ModelQuantization(method, 8, IsFloat: true, Text(quantization, "activation_scheme") == "static" ? 8 : null),
                "compressed-tensors" => Compressed(method, quantization),
                "mxfp4" => new ModelQuantization(method, 4, IsFloat: true, null),
                _ => new ModelQuantization(method, Bits(Number(quantization, "bits")), IsFloat: false, null),
            };
        }
    }

    private static ModelQuantization Compressed(string method, JsonElement quantization)
    {
        if (Get(quantization, "config_groups") is { ValueKind: JsonValueKind.Object } groups && groups.EnumerateObject().FirstOrDefault().Value is { ValueKind: JsonValueKind.Object } group)
        {
            var weights = Get(group, "weights");
            var activations = Get(group, "input_activations");
            return new ModelQuantization(
                method,
                weights is { } known ? Bits(Number(known, "num_bits")) : null,
                weights is { } typed && Text(typed, "type") == "float",
                activations is { ValueKind: JsonValueKind.Object } flowing ? Bits(Number(flowing, "num_bits")) : null);
        }

        return new ModelQuantization(method, null, IsFloat: false, null);
    }

    private static int? Bits(long? bits) => bits is > 0 and <= 16 ? (int)bits : null;

    private static JsonElement? Get(JsonElement element, string name) => element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) ? value : null;

    private static string? Text(JsonElement element, string name) => Get(element, name) is { ValueKind: JsonValueKind.String } text ? text.GetString() : null;

    private static long? Number(JsonElement element, string name) => Get(element, name) is { ValueKind: JsonValueKind.Number } number && number.TryGetInt64(out var value) ? value : null;
}
