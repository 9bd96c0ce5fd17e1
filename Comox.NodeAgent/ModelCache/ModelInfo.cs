namespace Comox.NodeAgent.ModelCache;

/// <summary>What a model's files say of it.</summary>
internal abstract record ModelInfo
{
    /// <summary>One of <see cref="ModelFormats"/>.</summary>
    public abstract string Format { get; }

    public required string Architecture { get; init; }
    public string? Name { get; init; }
    public long SizeBytes { get; init; }

    /// <summary>The sum over all tensors.</summary>
    public long Parameters { get; init; }

    /// <summary>The length the model was trained for.</summary>
    public int? ContextTokens { get; init; }

    public bool HasChatTemplate { get; init; }

    /// <summary>What a token of context takes in memory, keys and values of 16 bits; null where the files do not tell.</summary>
    public long? KeyValueBytesPerToken { get; init; }
}

/// <summary>In what form weights lie on the disk; it decides which engines can serve them.</summary>
internal static class ModelFormats
{
    public const string Gguf = "gguf";

    /// <summary>A folder: <c>config.json</c>, the tokenizer, and weights in files <c>*.safetensors</c>.</summary>
    public const string Safetensors = "safetensors";
}
