namespace Comox.Gateway.Forwarding;

internal static partial class ForwardingLog
{
    [LoggerMessage(Level = LogLevel.Error, Message = "A socket loop met a bug; the connection it was about is left alone")]
    public static partial void LoopCrashed(ILogger logger, Exception bug);
}
