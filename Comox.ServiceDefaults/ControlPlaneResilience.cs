using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Http.Resilience;

namespace Comox.ServiceDefaults;

/// <summary>
/// Retries and timeouts for short calls between our own services. Never put this on a client that streams:
/// the standard handler ends every attempt after 10 s, which would cut a slow model's answer.
/// </summary>
internal static class ControlPlaneResilience
{
    public static IHttpClientBuilder AddControlPlaneResilience(this IHttpClientBuilder client)
    {
        client.AddServiceDiscovery();
        // A POST whose answer was lost may have been carried out: repeating it would make a second session or character.
        client.AddStandardResilienceHandler().Configure(options => options.Retry.DisableFor(HttpMethod.Post));
        return client;
    }
}
