namespace Comox.Gateway.LoadBalancing;

internal static partial class LoadBalancingLog
{
    [LoggerMessage(Level = LogLevel.Information, Message = "What load {Backend} has besides ours is not known: {Fault}")]
    public static partial void LoadUnknown(ILogger logger, string backend, string fault);
}
