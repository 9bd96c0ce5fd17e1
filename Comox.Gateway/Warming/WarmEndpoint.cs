using System.Text.Json;
using Comox.ServiceDefaults;
using Comox.ServiceDefaults.Contracts.Gateway;
using Comox.ServiceDefaults.Contracts.OpenAI;

namespace Comox.Gateway.Warming;

/// <summary><c>POST /gateway/warm</c>, with which a client that opens a conversation has its model on the way before the first message.</summary>
internal sealed class WarmEndpoint(ModelWarmer warmer)
{
    public async Task InvokeAsync(HttpContext http)
    {
        ModelHint? hint;
        try
        {
            hint = await http.Request.ReadFromJsonAsync(GatewayJson.Default.ModelHint, http.RequestAborted);
        }
        catch (Exception problem) when (problem is JsonException or InvalidOperationException)
        {
            hint = null; // No JSON, or not called so.
        }

        if (hint?.Model is not { Length: > 0 })
        {
            await new ApiError(StatusCodes.Status400BadRequest, ErrorCodes.InvalidRequest, "Name the model that may soon be asked for: {\"model\":\"character/ada\"}.", "model").WriteAsync(http);
            return;
        }

        var warming = await warmer.WarmAsync(hint, http.User.Identity?.Name ?? "", http.RequestAborted);
        if (!warming.IsSuccess)
        {
            await warming.Error.WriteAsync(http);
            return;
        }

        http.Response.StatusCode = StatusCodes.Status202Accepted;
        await http.Response.WriteAsJsonAsync(warming.Value, GatewayJson.Default.ModelWarming, cancellationToken: http.RequestAborted);
    }
}
