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

    [LoggerMessage(50, LogLevel.Information, "The character {Slug} is in use in version {Version}")]
    public static partial void CharacterVersionInUse(ILogger log, string slug, int version);
}
