using System.Text.Json;

namespace Comox.FakeBackend;

/// <summary>One request to the engine as it arrived.</summary>
public sealed class FakeRequest(string connection, string path, string? authorization, string body, IReadOnlyDictionary<string, string>? headers = null)
{
    private readonly TaskCompletionSource _aborted = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Id of the connection it came over.</summary>
    public string Connection { get; } = connection;

    public string Path { get; } = path;
    public string? Authorization { get; } = authorization;
    public string Body { get; } = body;

    /// <summary>Every header; names in any case.</summary>
    public IReadOnlyDictionary<string, string> Headers { get; } = headers ?? new Dictionary<string, string>();

    /// <summary>Completes when the caller closed the connection before the answer was whole.</summary>
    public Task Aborted => _aborted.Task;

    /// <summary>Completes when the answer has been sent or given up.</summary>
    public Task Ended => _ended.Task;

    public JsonElement Json => JsonDocument.Parse(Body).RootElement;

    internal FakeScript? Script { get; set; }

    internal void MarkAborted() => _aborted.TrySetResult();

    internal void MarkEnded() => _ended.TrySetResult();
}
