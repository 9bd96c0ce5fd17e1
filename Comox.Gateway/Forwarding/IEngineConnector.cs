using Comox.Gateway.Forwarding.Sockets;

namespace Comox.Gateway.Forwarding;

/// <summary>One request to a backend.</summary>
internal sealed record EngineCall
{
    public required Uri Address { get; init; }

    /// <summary>The body in pieces; most are slices of the client's own.</summary>
    public required IReadOnlyList<ReadOnlyMemory<byte>> Body { get; init; }

    /// <summary>What is sent besides content type and length. Secrets are among them: never logged.</summary>
    public required IReadOnlyList<KeyValuePair<string, string>> Headers { get; init; }

    /// <summary>The loop that carries the client's connection, so that a relay needs no second thread; null: any.</summary>
    public SocketLoop? Loop { get; init; }

    /// <summary>The answer is carried as it comes, so whoever waits for it may go on on the loop's own thread.</summary>
    public bool RunsOnLoop { get; init; }

    public long Length => Body.Sum(piece => (long)piece.Length);
}

/// <summary>What a backend answered: the head, and a body that is still to be read.</summary>
internal interface IEngineAnswer : IAsyncDisposable
{
    int Status { get; }

    /// <summary>The content type, as it was sent.</summary>
    string? MediaType { get; }

    /// <summary>Seconds from now, where the backend names any or a date.</summary>
    int? RetryAfter { get; }

    Stream Body { get; }
}

/// <summary>A way to send requests to backends.</summary>
internal interface IEngineConnector
{
    bool CanReach(Uri address);

    /// <summary>Answers when the head is there.</summary>
    /// <exception cref="HttpRequestException">There was no answer: refused, broken off, or no HTTP.</exception>
    /// <exception cref="IOException">As before.</exception>
    /// <exception cref="OperationCanceledException">Cancelled, or the connect timeout has run out.</exception>
    ValueTask<IEngineAnswer> SendAsync(EngineCall call, CancellationToken cancellation);
}
