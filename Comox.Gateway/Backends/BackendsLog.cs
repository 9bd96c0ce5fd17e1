namespace Comox.Gateway.Backends;

internal static partial class BackendsLog
{
    [LoggerMessage(Level = LogLevel.Information, Message = "Node {Node} reports its engines from {Address}")]
    public static partial void NodeFound(ILogger logger, string node, Uri address);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Node lost: {Reason}; asking again until it answers")]
    public static partial void NodeLost(ILogger logger, string reason);
}
