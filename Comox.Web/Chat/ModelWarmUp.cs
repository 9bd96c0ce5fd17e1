using Comox.ServiceDefaults.Clients;
using Comox.ServiceDefaults.Contracts.Gateway;

namespace Comox.Web.Chat;

/// <summary>Who opens a conversation will soon say something: the model behind it is on its way meanwhile. Nobody waits for this, and nothing is lost where it fails.</summary>
internal sealed class ModelWarmUp(GatewayAdminClient gateway, ILogger<ModelWarmUp> logger)
{
    /// <param name="character">Its slug.</param>
    /// <param name="session">The conversation; null for one that is only being made.</param>
    public void Begin(string character, string? session = null) => _ = Task.Run(() => WarmAsync(character, session));

    private async Task WarmAsync(string character, string? session)
    {
        try
        {
            if (await gateway.WarmAsync(new ModelHint($"character/{character}", session)) is { IsSuccess: false, Error: { } error })
                WebLog.NotWarmed(logger, character, error.Message);
        }
        catch (Exception problem)
        {
            WebLog.NotWarmed(logger, character, problem.Message); // Nobody waits for the task: it would be lost.
        }
    }
}
