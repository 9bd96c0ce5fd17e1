using Comox.Gateway.Forwarding;

namespace Comox.Gateway.Fallback;

internal static partial class FallbackLog
{
    [LoggerMessage(Level = LogLevel.Warning, Message = "Chat {Exchange}: {Backend} failed at {Place} ({Status}); another backend is asked, to continue: {Continues}")]
    public static partial void TryingAgain(ILogger logger, string exchange, string backend, ForwardPlace place, int status, bool continues);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Chat {Exchange} is not tried again: the gateway's retry budget is spent")]
    public static partial void BudgetSpent(ILogger logger, string exchange);
}
