using System.Globalization;
using System.Text.Json;
using Comox.Gateway.Backends;
using Comox.ServiceDefaults;
using Comox.ServiceDefaults.Contracts.OpenAI;

namespace Comox.Gateway.Forwarding;

/// <summary>
/// Turns what an engine or its node agent says into our errors, keeping status and words where they are meant for the client:
/// <code>{"error":{"code":400,"message":"request (10820 tokens) exceeds the available context size …","type":"exceed_context_size_error"}}</code>
/// </summary>
internal static class EngineErrors
{
    private const int MaxBody = 64 * 1024;
    private const int MaxMessage = 2000;

    // Anthropic's own status.
    private const int Overloaded = 529;

    // What the scan has let through must be readable here too.
    private static readonly JsonDocumentOptions Deep = new() { MaxDepth = ChunkScan.MaxDepth };

    /// <summary>The engine answered with an error status.</summary>
    public static async ValueTask<ForwardError> ReadAsync(IEngineAnswer answer, Backend backend, CancellationToken cancellation)
    {
        var body = new byte[MaxBody];
        var length = await answer.Body.ReadAtLeastAsync(body, body.Length, throwOnEndOfStream: false, cancellation);
        var error = From(answer.Status, body.AsMemory(0, length), backend);
        return answer.RetryAfter is { } seconds ? error with { AskedPause = seconds, Error = error.Error with { RetryAfter = seconds } } : error;
    }

    /// <summary>The engine's first event was an error: nothing is committed, so it becomes a proper status.</summary>
    public static ForwardError FromEvent(ReadOnlyMemory<byte> data, Backend backend) => From(StatusIn(data) ?? StatusCodes.Status502BadGateway, data, backend);

    /// <param name="backend">Who was asked.</param>
    /// <param name="problem">Of its words only the kind is told: they may name addresses that are nobody's business.</param>
    public static ForwardError Unreachable(Backend backend, Exception problem) => new(ForwardPlace.Connect, BackendPool.Unavailable(problem is HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError }
        ? $"The engine {backend.Id} is not trusted: no secure connection came about. Its certificate must be valid for its address, and issued by whom this machine trusts."
        : $"The engine {backend.Id} cannot be reached. {WhereToLook(backend)}; the request can be repeated."));

    public static ForwardError Stopping() => new(ForwardPlace.Stopping, BackendPool.Unavailable("The gateway is stopping. Send the request again."));

    public static ForwardError FirstTokenTimeout(Backend backend, TimeSpan limit) => new(ForwardPlace.FirstToken, new ApiError(
        StatusCodes.Status504GatewayTimeout,
        ErrorCodes.UpstreamTimeout,
        $"The engine {backend.Id} sent no token within {limit}. It may be overloaded; {GatewayOptions.Section}:{nameof(GatewayOptions.FirstTokenTimeout)} sets the limit."));

    /// <summary>It is not waited for any longer, because it has stopped or its node is silent.</summary>
    public static ForwardError Stalled(Backend backend, StreamPhase phase, TimeSpan silence) => new(
        phase is StreamPhase.FirstToken or StreamPhase.WholeAnswer ? ForwardPlace.FirstToken : ForwardPlace.EngineStream,
        new ApiError(
            StatusCodes.Status504GatewayTimeout,
            ErrorCodes.UpstreamTimeout,
            string.Create(CultureInfo.InvariantCulture, $"The engine {backend.Id} has stopped: nothing came of it for {silence.TotalSeconds:0.0} s. {WhereToLook(backend)}; the request can be repeated.")));

    /// <summary>No fault of the backend's: the answer was long, or the limit short.</summary>
    public static ForwardError TotalTimeout(Backend backend, TimeSpan limit) => new(ForwardPlace.Total, new ApiError(
        StatusCodes.Status504GatewayTimeout,
        ErrorCodes.UpstreamTimeout,
        $"The answer took longer than {limit}, the last of it at {backend.Id}. {GatewayOptions.Section}:{nameof(GatewayOptions.TotalTimeout)} sets the limit."));

    public static ForwardError TokenIdle(Backend backend, TimeSpan limit) => new(ForwardPlace.EngineStream, new ApiError(
        StatusCodes.Status504GatewayTimeout,
        ErrorCodes.UpstreamTimeout,
        $"The engine {backend.Id} fell silent for {limit} in the middle of its answer. {GatewayOptions.Section}:{nameof(GatewayOptions.TokenIdleTimeout)} sets the limit."));

    public static ForwardError Broken(Backend backend, string how) => new(ForwardPlace.EngineStream, new ApiError(
        StatusCodes.Status502BadGateway, ErrorCodes.UpstreamError, $"The answer of the engine {backend.Id} {how}. The request can be repeated."));

    /// <summary>No more of it is kept than <see cref="GatewayOptions.MaxEventBytes"/>.</summary>
    public static ForwardError Endless(Backend backend) => Broken(backend, $"holds an event that does not end, or is larger than {GatewayOptions.Section}:{nameof(GatewayOptions.MaxEventBytes)}");

    private static ForwardError From(int status, ReadOnlyMemory<byte> body, Backend backend)
    {
        var (message, type, code, isOurs) = Parse(body);
        message ??= $"The engine {backend.Id} answered {status} without saying why.";

        // 401 and 403 are between us and the node: the client's key was right.
        if (status is StatusCodes.Status401Unauthorized or StatusCodes.Status403Forbidden)
            return Strange(backend, status, backend.Engine is null ? "The ApiKey of its settings may be wrong, or may not be used for this model." : "The service key of gateway and node agent may differ.");
        if (status is < 400 or > 599)
            return Strange(backend, status, "That is no answer to a chat; look at the node agent's log.");

        if (isOurs && code is not null)
            return new ForwardError(ForwardPlace.EngineAnswer, new ApiError(status, code, message) { RetryAfter = RetryAfter(status) });
        return new ForwardError(ForwardPlace.EngineAnswer, new ApiError(status, CodeOf(status, type, code, message), message) { RetryAfter = RetryAfter(status) }) { FromEngine = true };
    }

    private static string WhereToLook(Backend backend) => backend.Engine is null
        ? "Look at its Url in the settings of the route, and whether it runs"
        : "Look at GET /node/status and at the node agent's log";

    private static ForwardError Strange(Backend backend, int status, string hint) => new(ForwardPlace.EngineAnswer, new ApiError(
        StatusCodes.Status502BadGateway, ErrorCodes.UpstreamError, $"The engine {backend.Id} answered {status}. {hint}"));

    // vLLM's, its newer one's, Anthropic's two, SGLang's.
    private static readonly string[] TooLong = ["maximum context length", "maximum model length", "prompt is too long", "exceed context limit", "model's context length"];

    private static string CodeOf(int status, string? type, string? code, string message) => (status, type) switch
    {
        (_, "exceed_context_size_error") => ErrorCodes.ContextLengthExceeded,
        (StatusCodes.Status400BadRequest or StatusCodes.Status413PayloadTooLarge or StatusCodes.Status422UnprocessableEntity, _)
            when code == ErrorCodes.ContextLengthExceeded || TooLong.Any(words => message.Contains(words, StringComparison.OrdinalIgnoreCase)) => ErrorCodes.ContextLengthExceeded,
        (StatusCodes.Status503ServiceUnavailable, "unavailable_error") => ErrorCodes.EngineLoading,
        (StatusCodes.Status400BadRequest or StatusCodes.Status422UnprocessableEntity, _) => ErrorCodes.InvalidRequest,
        (StatusCodes.Status413PayloadTooLarge, _) => ErrorCodes.RequestTooLarge,
        _ => ErrorCodes.UpstreamError,
    };

    private static int? RetryAfter(int status) => status is StatusCodes.Status503ServiceUnavailable or StatusCodes.Status429TooManyRequests or Overloaded ? 2 : null;

    private static int? StatusIn(ReadOnlyMemory<byte> data)
    {
        try
        {
            using var json = JsonDocument.Parse(data, Deep);
            if (!json.RootElement.TryGetProperty("error"u8, out var error) || error.ValueKind != JsonValueKind.Object)
                return null;
            if (error.TryGetProperty("code"u8, out var code) && code.ValueKind == JsonValueKind.Number && code.TryGetInt32(out var status))
                return status is >= 400 and <= 599 ? status : null;
            // OpenAI's and Anthropic's events have no number. OpenAI says the same of a wrong key, which is not the request's fault.
            var isRequests = Text(error, "type") is "invalid_request_error" or "exceed_context_size_error" && Text(error, "code") is not ("invalid_api_key" or "model_not_found");
            return isRequests ? StatusCodes.Status400BadRequest : null;
        }
        catch (Exception problem) when (problem is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    private static (string? Message, string? Type, string? Code, bool IsOurs) Parse(ReadOnlyMemory<byte> body)
    {
        try
        {
            using var json = JsonDocument.Parse(body, Deep);
            var root = json.RootElement;
            if (root.ValueKind != JsonValueKind.Object)
                return default;
            // vLLM writes {"message":…,"type":…} without the envelope in some versions.
            var error = root.TryGetProperty("error"u8, out var inner) ? inner : root;
            if (error.ValueKind == JsonValueKind.String)
                return (Shorten(error.GetString()), null, null, false);
            return error.ValueKind == JsonValueKind.Object
                ? (Shorten(Text(error, "message")), Text(error, "type"), Text(error, "code"), Text(error, "source") == "comox")
                : default;
        }
        catch (Exception problem) when (problem is JsonException or InvalidOperationException)
        {
            return default;
        }
    }

    private static string? Text(JsonElement parent, string name) =>
        parent.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static string? Shorten(string? message) => message?.Length > MaxMessage ? message[..MaxMessage] : message;
}
