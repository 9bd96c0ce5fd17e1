using System.Text.Json;
using Comox.ServiceDefaults.Contracts.OpenAI;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Comox.ServiceDefaults;

/// <summary>An expected failure as a value: what the caller will see, wherever it is found out.</summary>
/// <param name="Status">HTTP status.</param>
/// <param name="Code">One of <see cref="ErrorCodes"/>.</param>
/// <param name="Message">What happened and what to do.</param>
/// <param name="Param">The request field at fault, or null.</param>
public sealed record ApiError(int Status, string Code, string Message, string? Param = null)
{
    /// <summary>Seconds after which a retry makes sense; sent as <c>Retry-After</c>.</summary>
    public int? RetryAfter { get; init; }

    public ApiErrorBody ToBody() => new(new ApiErrorDetail(Message, TypeOf(Status), Param, Code));

    /// <summary>Writes status, headers and body. The response must not have started.</summary>
    public Task WriteAsync(HttpContext context)
    {
        context.Response.StatusCode = Status;
        if (RetryAfter is { } seconds)
            context.Response.Headers.RetryAfter = seconds.ToString(System.Globalization.CultureInfo.InvariantCulture);
        if (context.RequestServices?.GetService<IErrorDialect>()?.BodyOf(context.Request.Path, this) is { } body)
        {
            context.Response.ContentType = "application/json";
            return context.Response.Body.WriteAsync(body, context.RequestAborted).AsTask();
        }

        return context.Response.WriteAsJsonAsync(ToBody(), OpenAIJson.Default.ApiErrorBody, cancellationToken: context.RequestAborted);
    }

    public IResult ToResult() => new Result(this);

    public byte[] ToUtf8Json() => JsonSerializer.SerializeToUtf8Bytes(ToBody(), OpenAIJson.Default.ApiErrorBody);

    private static string TypeOf(int status) => status switch
    {
        401 => "authentication_error",
        403 => "permission_error",
        404 => "not_found_error",
        429 => "rate_limit_error",
        < 500 => "invalid_request_error",
        _ => "server_error",
    };

    private sealed class Result(ApiError error) : IResult
    {
        public Task ExecuteAsync(HttpContext httpContext) => error.WriteAsync(httpContext);
    }
}

/// <summary>How errors look to the clients of an API that is not OpenAI's, whoever finds them: a wrong key is refused before any endpoint is asked.</summary>
public interface IErrorDialect
{
    /// <returns>The JSON, or null where OpenAI's is meant.</returns>
    ReadOnlyMemory<byte>? BodyOf(PathString path, ApiError error);
}
