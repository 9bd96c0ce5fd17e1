using Comox.ServiceDefaults;
using Comox.ServiceDefaults.Contracts.OpenAI;

namespace Comox.Gateway.OpenAI;

/// <summary>
/// What is left under <c>/v1</c>: a path we do not have, or one we have with another method. ASP.NET's own 404 and 405 have no body,
/// and an OpenAI client would show its user nothing.
/// </summary>
internal static class UnknownPathEndpoint
{
    private static readonly string[] Posts = ["/v1/chat/completions", "/v1/completions", "/v1/embeddings", "/v1/responses", "/v1/messages"];

    public static Task InvokeAsync(HttpContext http)
    {
        var path = http.Request.Path.Value!.TrimEnd('/');
        if (AllowedOn(path) is not { } allowed)
        {
            return new ApiError(
                StatusCodes.Status404NotFound, ErrorCodes.NotFound, $"There is no {path}. Comox serves POST {string.Join(", ", Posts)} and GET /v1/models.").WriteAsync(http);
        }

        http.Response.Headers.Allow = allowed;
        return new ApiError(
            StatusCodes.Status405MethodNotAllowed, ErrorCodes.MethodNotAllowed, $"{path} takes {allowed}, not {http.Request.Method}.").WriteAsync(http);
    }

    private static string? AllowedOn(string path) =>
        Posts.Contains(path, StringComparer.OrdinalIgnoreCase) ? HttpMethods.Post
        : path.Equals("/v1/models", StringComparison.OrdinalIgnoreCase) || path.StartsWith("/v1/models/", StringComparison.OrdinalIgnoreCase) ? HttpMethods.Get
        : null;
}
