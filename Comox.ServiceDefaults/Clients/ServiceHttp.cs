using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Comox.ServiceDefaults.Contracts.OpenAI;

namespace Comox.ServiceDefaults.Clients;

/// <summary>One request to another service of ours, with its failures as values.</summary>
internal static class ServiceHttp
{
    public static async Task<ApiResult<T>> SendAsync<T>(
        HttpClient http, HttpRequestMessage request, JsonTypeInfo<T> answer, string service, string unavailableCode, CancellationToken cancellation)
    {
        try
        {
            using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
            if (!response.IsSuccessStatusCode)
                return await ReadErrorAsync(response, cancellation);
            return await response.Content.ReadFromJsonAsync(answer, cancellation) is { } value
                ? value
                : new ApiError(502, ErrorCodes.UpstreamError, $"The {service} service answered with an empty body.");
        }
        catch (Exception problem) when (IsUnreachable(problem, cancellation))
        {
            return Unreachable(service, unavailableCode);
        }
    }

    /// <summary>The same where success has no body.</summary>
    /// <returns>Null, or what went wrong.</returns>
    public static async Task<ApiError?> SendAsync(HttpClient http, HttpRequestMessage request, string service, string unavailableCode, CancellationToken cancellation)
    {
        try
        {
            using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
            return response.IsSuccessStatusCode ? null : await ReadErrorAsync(response, cancellation);
        }
        catch (Exception problem) when (IsUnreachable(problem, cancellation))
        {
            return Unreachable(service, unavailableCode);
        }
    }

    public static ApiError Unreachable(string service, string code) =>
        new(503, code, $"The {service} service cannot be reached. Look at its log and at /health; the request can be repeated.") { RetryAfter = 2 };

    /// <summary>Refused, timed out, broken off; not: the caller gave up.</summary>
    public static bool IsUnreachable(Exception problem, CancellationToken cancellation) =>
        !cancellation.IsCancellationRequested
        && problem is HttpRequestException or IOException or OperationCanceledException or JsonException or Polly.ExecutionRejectedException;

    public static async Task<ApiError> ReadErrorAsync(HttpResponseMessage response, CancellationToken cancellation)
    {
        ApiErrorDetail? detail = null;
        try
        {
            detail = (await response.Content.ReadFromJsonAsync(OpenAIJson.Default.ApiErrorBody, cancellation))?.Error;
        }
        catch (JsonException)
        {
            // Not our error body: a proxy in between, or a crash page. The status still tells.
        }

        var status = (int)response.StatusCode;
        return detail is null
            ? new ApiError(status, ErrorCodes.UpstreamError, $"The service answered {status} without an error body.")
            : new ApiError(status, detail.Code, detail.Message, detail.Param) { RetryAfter = (int?)response.Headers.RetryAfter?.Delta?.TotalSeconds };
    }
}
