namespace Comox.Memory.Diagnostics;

/// <summary>What the service logs. Ids and counts; never what anybody said.</summary>
internal static partial class MemoryLog
{
    [LoggerMessage(1, LogLevel.Information, "Memory is kept in {Database}")]
    public static partial void DatabaseReady(ILogger log, string database);

    [LoggerMessage(2, LogLevel.Information, "Imported the character {Slug} with {Warnings} warnings")]
    public static partial void CharacterImported(ILogger log, string slug, int warnings);

    [LoggerMessage(3, LogLevel.Debug, "Session {Session}: turn {Turn} stored with {Facts} facts; prompt of about {Tokens} tokens with {Recalled} remembered lines")]
    public static partial void PromptAssembled(ILogger log, string session, string turn, int facts, int tokens, int recalled);

    [LoggerMessage(4, LogLevel.Debug, "Session {Session}: another writer was first; trying again ({Attempt})")]
    public static partial void Overtaken(ILogger log, string session, int attempt);

    [LoggerMessage(5, LogLevel.Error, "The database {Database} failed: {State}")]
    public static partial void StorageFailed(ILogger log, string database, string state);

    [LoggerMessage(6, LogLevel.Warning, "{Worker} could not work on session {Session} (failure {Failures} in a row): {Code}: {Reason}")]
    public static partial void WorkerFailed(ILogger log, string worker, string session, int failures, string code, string reason);

    [LoggerMessage(7, LogLevel.Error, "{Worker} stopped for now: the database {Database} failed")]
    public static partial void WorkerStorageFailed(ILogger log, string worker, string database, Exception problem);

    [LoggerMessage(8, LogLevel.Error, "{Worker} has a bug; it is tried again with the next event")]
    public static partial void WorkerCrashed(ILogger log, string worker, Exception bug);

    [LoggerMessage(9, LogLevel.Information, "Session {Session}: turns up to {Depth} are summarised by {Model} in {Characters} characters")]
    public static partial void Summarised(ILogger log, string session, int depth, string model, int characters);

    [LoggerMessage(10, LogLevel.Debug, "Session {Session}: {Model} read {Facts} facts in {Turns} turns; {Dropped} were dropped because their words are not in the turn")]
    public static partial void Extracted(ILogger log, string session, string model, int facts, int turns, int dropped);

    [LoggerMessage(11, LogLevel.Error, "{Worker} broke off on session {Session} (failure {Failures} in a row); it goes on with the others and comes back to this one")]
    public static partial void WorkerStumbled(ILogger log, string worker, string session, int failures, Exception problem);

    [LoggerMessage(12, LogLevel.Information, "The indexes of {People} people who spoke last are in memory: {Turns} turns in {Milliseconds} ms")]
    public static partial void WarmedUp(ILogger log, int people, int turns, long milliseconds);

    [LoggerMessage(13, LogLevel.Warning, "Not all indexes could be built ahead, because {Database} failed; they are built when they are needed")]
    public static partial void NotWarmedUp(ILogger log, string database, Exception problem);

    [LoggerMessage(14, LogLevel.Warning, "Session {Session}: turn {Turn} is passed over, because {Model} cannot take it: {Problem}")]
    public static partial void PassedOver(ILogger log, string session, string turn, string model, string problem);

    [LoggerMessage(50, LogLevel.Information, "The character {Slug} is in use in version {Version}")]
    public static partial void CharacterVersionInUse(ILogger log, string slug, int version);
}
