using System.Text.Json;
using Comox.ServiceDefaults;
using Comox.ServiceDefaults.Clients;
using Comox.ServiceDefaults.Contracts.OpenAI;

namespace Comox.Memory.Consolidation;

/// <summary>Asks the model of a role, within the background's patience. The same prompt is asked the same way: no dice.</summary>
internal sealed class RoleModels(IServiceScopeFactory scopes, ConsolidationOptions options, TimeProvider time)
{
    /// <summary>An answer, and not the lack of one: the model will not take this text, now or later. What is down or busy is waited for.</summary>
    public static bool IsRefusal(ApiError error) =>
        error.Status is StatusCodes.Status400BadRequest or StatusCodes.Status413PayloadTooLarge or StatusCodes.Status422UnprocessableEntity || error.Code == ErrorCodes.ContextLengthExceeded;

    /// <summary>Whether the model answers anything at all.</summary>
    public async Task<bool> IsWellAsync(string model, CancellationToken cancellation) =>
        (await AskAsync(model, "You are a helpful assistant.", "Hello.", 8, null, cancellation)).IsSuccess;

    /// <param name="model">The model of the role.</param>
    /// <param name="instructions">The system message.</param>
    /// <param name="material">What it is to work on.</param>
    /// <param name="maxTokens">The most it may answer.</param>
    /// <param name="format">OpenAI's <c>response_format</c>; null: text.</param>
    /// <param name="cancellation">Ends the wait.</param>
    public async Task<ApiResult<string>> AskAsync(string model, string instructions, string material, int maxTokens, JsonElement? format, CancellationToken cancellation)
    {
        using var limit = new CancellationTokenSource(options.ModelTimeout, time);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation, limit.Token);
        // A client for each question: one that is kept would not follow a gateway that moves.
        await using var scope = scopes.CreateAsyncScope();
        try
        {
            return await scope.ServiceProvider.GetRequiredService<GatewayCompletionClient>().CompleteAsync(
                new CompletionRequest(model, [new ChatMessage("system", instructions), new ChatMessage("user", material)]) { MaxTokens = maxTokens, Temperature = 0, ResponseFormat = format },
                patience.Token);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return new ApiError(504, ErrorCodes.UpstreamTimeout, $"The model '{model}' did not answer within {options.ModelTimeout}.");
        }
    }
}
