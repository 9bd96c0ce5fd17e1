namespace Comox.ServiceDefaults.Contracts.OpenAI;

/// <summary>The body of <c>POST /v1/embeddings</c> (https://platform.openai.com/docs/api-reference/embeddings/create).</summary>
/// <param name="Model">The public name of an embedding model.</param>
/// <param name="Input">The texts; none empty.</param>
public sealed record EmbeddingRequest(string Model, IReadOnlyList<string> Input);

/// <summary>Its answer: <c>{"object":"list","data":[{"object":"embedding","index":0,"embedding":[0.1,…]}],"model":"…"}</c>.</summary>
public sealed record EmbeddingList(IReadOnlyList<EmbeddingItem> Data)
{
    public string Object { get; init; } = "list";
    public string? Model { get; init; }
}

/// <param name="Index">Which of the texts, from 0.</param>
/// <param name="Embedding">The vector.</param>
public sealed record EmbeddingItem(int Index, float[] Embedding)
{
    public string Object { get; init; } = "embedding";
}
