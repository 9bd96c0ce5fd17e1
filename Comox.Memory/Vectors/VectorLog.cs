namespace Comox.Memory.Vectors;

/// <summary>Ids and counts; never what anybody said.</summary>
internal static partial class VectorLog
{
    [LoggerMessage(60, LogLevel.Error, "The file of vectors {File} failed: {State}")]
    public static partial void FileFailed(ILogger log, string file, string state);

    [LoggerMessage(61, LogLevel.Warning, "Qdrant at {Server} does not do what it is asked: {State}")]
    public static partial void QdrantFailed(ILogger log, string server, string state);

    [LoggerMessage(62, LogLevel.Information, "Vectors of {Model} ({Dimension} numbers) are kept in the collection {Collection} of {Server}")]
    public static partial void CollectionMade(ILogger log, string model, int dimension, string collection, string server);

    [LoggerMessage(64, LogLevel.Information, "{Sessions} sessions are embedded anew by {Model}: another model, or another store, had their vectors, or {Store} was lost")]
    public static partial void MadeAnew(ILogger log, int sessions, string model, string store);

    [LoggerMessage(63, LogLevel.Information, "Qdrant at {Server} does what it is asked again")]
    public static partial void QdrantAnswers(ILogger log, string server);
}
