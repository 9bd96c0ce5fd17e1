using Comox.ServiceDefaults.Clients;

namespace Comox.Web.Fleet;

/// <summary>Reads what an engine said last from the agent that runs it, at the address by which the gateway knows that agent.</summary>
internal sealed class EngineLogs(IHttpClientFactory clients, TimeProvider time)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <returns>The last lines, or why there are none.</returns>
    public async Task<string> ReadAsync(Uri node, string engine)
    {
        using var patience = new CancellationTokenSource(Patience, time);
        try
        {
            var log = await NodeAgentClient.At(node, clients, time).GetLogAsync(engine, patience.Token);
            return log switch
            {
                { IsSuccess: false } => log.Error!.Message,
                { Value.Lines.Count: 0 } => "The engine has said nothing yet.",
                _ => string.Join('\n', log.Value.Lines),
            };
        }
        catch (OperationCanceledException)
        {
            return $"The agent at {node.Authority} does not answer within {Patience.TotalSeconds:0} s.";
        }
    }
}
