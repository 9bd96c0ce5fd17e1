using Comox.ServiceDefaults.Contracts.OpenAI;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Comox.ServiceDefaults;

/// <summary>
/// Gives every failure under an API prefix OpenAI's error body: bugs, bodies that Kestrel refuses, addresses that do not exist, methods that are
/// not allowed. Pages of the console keep their own error pages.
/// </summary>
public static partial class ApiErrorPages
{
    private static readonly string[] Prefixes = ["/v1", "/memory", "/node", "/gateway"];

    public static void UseApiErrors(this WebApplication app)
    {
        var log = app.Services.GetRequiredService<ILoggerFactory>().CreateLogger(typeof(ApiErrorPages));
        app.Use(async (context, next) =>
        {
            if (!Prefixes.Any(prefix => context.Request.Path.StartsWithSegments(prefix)))
            {
                await next(context);
                return;
            }

            try
            {
                await next(context);
            }
            catch (Exception) when (context.RequestAborted.IsCancellationRequested)
            {
                return; // The caller left; there is nobody to tell.
            }
            catch (BadHttpRequestException refused) when (!context.Response.HasStarted)
            {
                await Refused(refused).WriteAsync(context);
                return;
            }
            catch (Exception bug) when (!context.Response.HasStarted)
            {
                UnhandledException(log, context.Request.Method, context.Request.Path, bug);
                await new ApiError(500, ErrorCodes.InternalError, "Comox made a mistake. The log has the details under this request's trace id.").WriteAsync(context);
                return;
            }

            if (!context.Response.HasStarted && context.Response is { ContentLength: null or 0, ContentType: null } && EmptyAnswer(context) is { } error)
                await error.WriteAsync(context);
        });
    }

    private static ApiError Refused(BadHttpRequestException refused) => refused.StatusCode switch
    {
        StatusCodes.Status413PayloadTooLarge => new ApiError(413, ErrorCodes.RequestTooLarge, $"The body is too large. {refused.Message}"),
        var status => new ApiError(status, ErrorCodes.InvalidRequest, refused.Message),
    };

    /// <summary>Routing answers with a bare status; say what it means.</summary>
    private static ApiError? EmptyAnswer(HttpContext context) => context.Response.StatusCode switch
    {
        404 => new ApiError(404, ErrorCodes.NotFound, $"There is no {context.Request.Method} {context.Request.Path}."),
        405 => new ApiError(405, ErrorCodes.MethodNotAllowed, $"{context.Request.Path} does not take {context.Request.Method}; it takes {context.Response.Headers.Allow}."),
        415 => new ApiError(415, ErrorCodes.InvalidRequest, $"{context.Request.Path} does not take the content type '{context.Request.ContentType}'."),
        _ => null,
    };

    [LoggerMessage(LogLevel.Error, "{Method} {Path} failed")]
    private static partial void UnhandledException(ILogger log, string method, string path, Exception bug);
}
