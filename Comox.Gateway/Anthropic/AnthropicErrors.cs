using System.Buffers;
using System.Text.Json;
using Comox.ServiceDefaults;
using Comox.ServiceDefaults.Contracts.OpenAI;

namespace Comox.Gateway.Anthropic;

/// <summary>
/// Failures in Anthropic's shape, https://platform.claude.com/docs/en/api/errors. Its clients retry or give up by <c>type</c>:
/// <code>{"type":"error","error":{"type":"invalid_request_error","message":"The field 'max_tokens' is required.","code":"invalid_request","param":"max_tokens"}}</code>
/// <c>code</c> and <c>param</c> are our addition, so that docs/errors.md serves these callers too.
/// </summary>
internal static class AnthropicErrors
{
    /// <param name="status">HTTP status; null in a stream, which has sent its status already.</param>
    /// <param name="error">What happened.</param>
    /// <param name="output">Takes the JSON object.</param>
    public static void Write(int? status, ApiErrorDetail error, IBufferWriter<byte> output)
    {
        using var json = new Utf8JsonWriter(output, Verbatim.Relaxed);
        json.WriteStartObject();
        json.WriteString("type"u8, "error"u8);
        json.WriteStartObject("error"u8);
        json.WriteString("type"u8, status is { } known ? TypeOf(known) : TypeOf(error));
        json.WriteString("message"u8, error.Message);
        json.WriteString("code"u8, error.Code);
        if (error.Param is { } param)
            json.WriteString("param"u8, param);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    /// <summary>For what is refused before an endpoint of theirs is asked, or beside it.</summary>
    internal sealed class OnTheirPaths : IErrorDialect
    {
        public ReadOnlyMemory<byte>? BodyOf(PathString path, ApiError error)
        {
            if (!path.StartsWithSegments("/v1/messages"))
                return null;
            var json = new ArrayBufferWriter<byte>();
            Write(error.Status, error.ToBody().Error, json);
            return json.WrittenMemory;
        }
    }

    public static string TypeOf(int status) => status switch
    {
        401 => "authentication_error",
        402 => "billing_error",
        403 => "permission_error",
        404 => "not_found_error",
        413 => "request_too_large",
        429 => "rate_limit_error",
        503 or 529 => "overloaded_error",
        504 => "timeout_error",
        < 500 => "invalid_request_error",
        _ => "api_error",
    };

    /// <summary>The status that a failure of this type has outside a stream. 529 is Anthropic's own; 503 is what other clients know how to repeat.</summary>
    public static int StatusOf(string? type) => type switch
    {
        "invalid_request_error" => 400,
        "authentication_error" => 401,
        "billing_error" => 402,
        "permission_error" => 403,
        "not_found_error" => 404,
        "request_too_large" => 413,
        "rate_limit_error" => 429,
        "overloaded_error" => 503,
        "timeout_error" => 504,
        "api_error" => 500,
        _ => 502,
    };

    private static string TypeOf(ApiErrorDetail error) => error.Code switch
    {
        ErrorCodes.EngineUnavailable or ErrorCodes.EngineLoading or ErrorCodes.MemoryUnavailable => "overloaded_error",
        ErrorCodes.UpstreamTimeout => "timeout_error",
        ErrorCodes.RequestTooLarge => "request_too_large",
        _ when error.Type is "invalid_request_error" or "authentication_error" or "permission_error" or "not_found_error" or "rate_limit_error" => error.Type,
        _ => "api_error",
    };
}
