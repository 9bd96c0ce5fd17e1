namespace Comox.Gateway.Recall;

internal static partial class RecallLog
{
    [LoggerMessage(Level = LogLevel.Warning, Message = "Session {Session} goes on while an earlier reply has not reached the memory service")]
    public static partial void RepliesStillPending(ILogger logger, string session);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Count} replies of an earlier run are still to be recorded")]
    public static partial void RepliesLeftOver(ILogger logger, int count);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Reply {Turn} of session {Session} could not be recorded ({Status} {Code}); trying again in {Pause}")]
    public static partial void DeliveryFailed(ILogger logger, string session, string turn, int status, string code, TimeSpan pause);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Reply {Turn} of session {Session} is dropped: the memory service no longer expects it")]
    public static partial void DeliveryDropped(ILogger logger, string session, string turn);

    [LoggerMessage(Level = LogLevel.Error, Message = "Reply {Turn} of session {Session} is set aside in the outbox: the memory service refuses it ({Status} {Code})")]
    public static partial void DeliveryRefused(ILogger logger, string session, string turn, int status, string code);

    [LoggerMessage(Level = LogLevel.Error, Message = "Recording the reply {Turn} of session {Session} crashed")]
    public static partial void DeliveryCrashed(ILogger logger, string session, string turn, Exception bug);

    [LoggerMessage(Level = LogLevel.Error, Message = "The outbox could not be written")]
    public static partial void OutboxFailed(ILogger logger, Exception problem);
}
