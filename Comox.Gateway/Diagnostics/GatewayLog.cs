using Comox.Gateway.Forwarding;

namespace Comox.Gateway.Diagnostics;

internal static partial class GatewayLog
{
    [LoggerMessage(Level = LogLevel.Warning, Message = "Chat {Exchange} failed at {Place}: {Status} {Code}")]
    public static partial void ExchangeFailed(ILogger logger, string exchange, ForwardPlace place, int status, string code);

    [LoggerMessage(Level = LogLevel.Error, Message = "Chat {Exchange} crashed")]
    public static partial void ExchangeCrashed(ILogger logger, string exchange, Exception bug);
}
