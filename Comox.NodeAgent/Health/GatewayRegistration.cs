using Comox.ServiceDefaults;
using Comox.ServiceDefaults.Clients;
using Microsoft.Extensions.Options;

namespace Comox.NodeAgent.Health;

/// <summary>Tells the gateways of <see cref="NodeAgentOptions.Gateways"/> where this agent is, and again well before their lease is over.</summary>
internal sealed class GatewayRegistration(
    IHttpClientFactory clients, IHostApplicationLifetime lifetime, IOptions<NodeAgentOptions> options, TimeProvider time, ILogger<GatewayRegistration> log) : BackgroundService
{
    /// <summary>While a gateway does not answer: it may be starting, and nothing is served through it meanwhile.</summary>
    private static readonly TimeSpan AskAgain = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // A gateway that is told asks at once.
        if (options.Value.Gateways.Count == 0 || !await lifetime.HasStartedAsync(stoppingToken))
            return;
        await Task.WhenAll(options.Value.Gateways.Select(gateway => KeepAsync(new Uri(gateway), stoppingToken)));
    }

    private async Task KeepAsync(Uri gateway, CancellationToken stopping)
    {
        string? told = null;
        while (!stopping.IsCancellationRequested)
        {
            var (lease, problem) = await RegisterAsync(gateway, stopping);
            if (stopping.IsCancellationRequested)
                return;
            if (problem is null && told is not "")
                RegistrationLog.Registered(log, gateway, options.Value.Address!);
            else if (problem is not null && problem != told)
                RegistrationLog.NotRegistered(log, gateway, problem);
            told = problem ?? "";
            await Task.Delay(lease is { } term ? term / 3 : AskAgain, time, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task<(TimeSpan? Lease, string? Problem)> RegisterAsync(Uri gateway, CancellationToken stopping)
    {
        using var http = clients.CreateClient(nameof(GatewayAdminClient));
        http.BaseAddress = gateway;
        using var patience = new CancellationTokenSource(Patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, stopping);
        try
        {
            var answer = await new GatewayAdminClient(http).RegisterNodeAsync(options.Value.Address!, either.Token);
            return answer.Value is { } lease ? (TimeSpan.FromSeconds(lease.LeaseSeconds), null) : (null, answer.Error!.Message);
        }
        catch (OperationCanceledException) when (!stopping.IsCancellationRequested)
        {
            return (null, $"it did not answer within {Patience.TotalSeconds:0} s");
        }
        catch (OperationCanceledException)
        {
            return (null, null);
        }
    }
}

internal static partial class RegistrationLog
{
    [LoggerMessage(Level = LogLevel.Information, Message = "The gateway {Gateway} knows this agent as {Address}")]
    public static partial void Registered(ILogger log, Uri gateway, string address);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The gateway {Gateway} does not know this agent yet: {Problem}")]
    public static partial void NotRegistered(ILogger log, Uri gateway, string problem);
}
