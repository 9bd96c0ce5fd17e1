namespace Comox.ServiceDefaults.Contracts.OpenAI;

/// <summary>The answer of <c>GET /v1/models</c> (https://platform.openai.com/docs/api-reference/models/list).</summary>
public sealed record ModelList(IReadOnlyList<ModelCard> Data)
{
    public string Object { get; init; } = "list";
}

/// <param name="Id">What a client puts into <c>model</c>: <c>llama-3-8b</c> or <c>character/ada</c>.</param>
/// <param name="Created">Unix seconds.</param>
/// <param name="OwnedBy"><c>comox</c> for characters and the built-in model, else where the model came from.</param>
public sealed record ModelCard(string Id, long Created, string OwnedBy)
{
    public string Object { get; init; } = "model";

    /// <summary>Our addition: a name for people; OpenAI clients ignore unknown fields.</summary>
    public string? Name { get; init; }

    /// <summary>Our addition: one sentence on what this is and what it cannot do.</summary>
    public string? Description { get; init; }
}
