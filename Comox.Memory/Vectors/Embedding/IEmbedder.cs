using Comox.ServiceDefaults.Clients;

namespace Comox.Memory.Vectors.Embedding;

/// <summary>Turns texts into vectors.</summary>
internal interface IEmbedder
{
    /// <summary>The model of the role <c>embed</c>; null: none is configured, and nothing can be embedded.</summary>
    string? Model { get; }

    /// <summary>
    /// Embeds texts, one batch after another. Nothing is returned of what was done before a batch failed: embed again what is not stored yet.
    /// </summary>
    /// <param name="texts">At least one, none of them blank. A model cuts what is too long for it, or refuses it: keep them to a turn.</param>
    /// <param name="cancellation">Each batch has its own limit, <see cref="VectorOptions.EmbedTimeout"/>; this ends all of it.</param>
    /// <returns>A vector for each text, in their order; or the gateway's error, <c>upstream_timeout</c>, <c>upstream_error</c> for an answer that cannot be used,
    /// <c>model_not_found</c> without a configured model.</returns>
    Task<ApiResult<Embedded>> EmbedAsync(IReadOnlyList<string> texts, CancellationToken cancellation);
}

/// <param name="Space">The model, and the dimension that its answer has.</param>
/// <param name="Vectors">As the model gave them; all finite, none zero.</param>
internal sealed record Embedded(VectorSpace Space, IReadOnlyList<ReadOnlyMemory<float>> Vectors);
