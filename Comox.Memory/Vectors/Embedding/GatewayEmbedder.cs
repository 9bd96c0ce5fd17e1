using Comox.Memory.Consolidation;
using Comox.ServiceDefaults;
using Comox.ServiceDefaults.Clients;
using Comox.ServiceDefaults.Contracts.OpenAI;

namespace Comox.Memory.Vectors.Embedding;

/// <summary>The role <c>embed</c> through the gateway's <c>/v1/embeddings</c>, like any other client. The dimension is what the model answers with.</summary>
internal sealed class GatewayEmbedder(IServiceScopeFactory scopes, RoleOptions roles, VectorOptions options, TimeProvider time) : IEmbedder
{
    public string? Model { get; } = string.IsNullOrWhiteSpace(roles.Embed) ? null : roles.Embed.Trim();

    public async Task<ApiResult<Embedded>> EmbedAsync(IReadOnlyList<string> texts, CancellationToken cancellation)
    {
        if (Model is null)
            return new ApiError(StatusCodes.Status404NotFound, ErrorCodes.ModelNotFound, $"No model makes vectors: name one in {RoleOptions.Section}:{nameof(RoleOptions.Embed)}.");
        if (texts.Count == 0 || texts.Any(string.IsNullOrWhiteSpace))
            return new ApiError(StatusCodes.Status400BadRequest, ErrorCodes.InvalidRequest, "There is no text to embed, or one of the texts is blank.", "input");

        // A typed client is made anew for each use, so that its connections do not outlive the addresses they were made for.
        await using var scope = scopes.CreateAsyncScope();
        var gateway = scope.ServiceProvider.GetRequiredService<GatewayEmbeddingClient>();
        var vectors = new List<ReadOnlyMemory<float>>(texts.Count);
        foreach (var batch in texts.Chunk(options.EmbedBatch))
        {
            var answer = await AskAsync(gateway, batch, cancellation);
            if (!answer.IsSuccess)
                return answer.Error;
            if (ProblemOf(answer.Value, batch.Length, vectors.Count == 0 ? null : vectors[0].Length) is { } problem)
                return new ApiError(StatusCodes.Status502BadGateway, ErrorCodes.UpstreamError, $"The model '{Model}' does not answer with embeddings: {problem}");
            vectors.AddRange(answer.Value.Data.OrderBy(item => item.Index).Select(item => (ReadOnlyMemory<float>)item.Embedding));
        }

        return new Embedded(new VectorSpace(Model, vectors[0].Length), vectors);
    }

    private async Task<ApiResult<EmbeddingList>> AskAsync(GatewayEmbeddingClient gateway, string[] texts, CancellationToken cancellation)
    {
        using var limit = new CancellationTokenSource(options.EmbedTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, limit.Token);
        try
        {
            return await gateway.EmbedAsync(new EmbeddingRequest(Model!, texts), either.Token);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return new ApiError(
                StatusCodes.Status504GatewayTimeout,
                ErrorCodes.UpstreamTimeout,
                $"The model '{Model}' did not embed {texts.Length} texts within {options.EmbedTimeout.TotalSeconds:0.##} s. " +
                $"Raise {VectorOptions.Section}:{nameof(VectorOptions.EmbedTimeout)}, or lower {nameof(VectorOptions.EmbedBatch)}.")
            {
                RetryAfter = 10,
            };
        }
    }

    private static string? ProblemOf(EmbeddingList answer, int texts, int? dimension)
    {
        if (answer.Data is null || answer.Data.Count != texts)
            return $"{texts} texts were sent, {answer.Data?.Count ?? 0} vectors came back.";
        if (!answer.Data.Select(item => item.Index).Order().SequenceEqual(Enumerable.Range(0, texts)))
            return "its vectors are not numbered from 0.";
        var size = dimension ?? answer.Data[0].Embedding?.Length ?? 0;
        if (size is < 1 or > VectorChecks.LargestDimension)
            return $"a vector has {size} numbers.";
        foreach (var item in answer.Data)
        {
            if (item.Embedding?.Length != size)
                return $"one vector has {size} numbers, another {item.Embedding?.Length ?? 0}.";
            if (!item.Embedding.All(float.IsFinite) || !VectorMath.HasDirection(item.Embedding))
                return "a vector is zero, or has a number that is not finite.";
        }

        return null;
    }
}
