namespace Comox.NodeAgent.Downloads;

/// <summary>What to fetch, from where, and how to know that it is right.</summary>
/// <param name="Name">For people.</param>
/// <param name="PartialPath">Where the bytes gather; what is there already is kept and continued.</param>
/// <param name="Digest">Of the whole.</param>
/// <param name="Size">Bytes in all; null: what the source says.</param>
/// <param name="Sources">In the order in which they are asked. The last is the one that <paramref name="Digest"/> is from; those before are only nearer.</param>
internal sealed record DownloadOrder(string Name, string PartialPath, ContentDigest Digest, long? Size, IReadOnlyList<IDownloadSource> Sources)
{
    /// <summary>The source of bytes that <see cref="Beginning"/> had.</summary>
    public const string OtherProgram = "another-program";

    /// <summary>A file that a client without a journal may have begun; its bytes are taken over.</summary>
    public string? Beginning { get; init; }

    /// <summary>Connections at once.</summary>
    public int Connections { get; init; } = 1;

    /// <summary>A file at one server.</summary>
    /// <param name="name">For people.</param>
    /// <param name="partialPath">Where the bytes gather.</param>
    /// <param name="sha256">64 hex digits.</param>
    /// <param name="size">Bytes in all, when known.</param>
    /// <param name="openAsync">Asks for the bytes from an offset on, 0 for all.</param>
    public DownloadOrder(string name, string partialPath, string sha256, long? size, Func<long, CancellationToken, Task<HttpResponseMessage>> openAsync)
        : this(name, partialPath, ContentDigest.Parse(sha256) ?? throw new ArgumentException("Not a SHA-256.", nameof(sha256)), size, [new OneServer(openAsync)])
    {
    }

    private sealed class OneServer(Func<long, CancellationToken, Task<HttpResponseMessage>> openAsync) : IDownloadSource
    {
        public string Name => "server";

        public async Task<SourceAnswer> OpenAsync(ByteRange range, string? entity, CancellationToken cancellation) =>
            await SourceAnswer.OfAsync(await openAsync(range.From, cancellation), cancellation);
    }
}

/// <summary>Somewhere that has the file.</summary>
internal interface IDownloadSource
{
    /// <summary>For people and for the journal: no blanks.</summary>
    string Name { get; }

    /// <param name="range">What is wanted. More may come, and is not read.</param>
    /// <param name="entity">The entity tag of the answers before, so that another file under the same name is noticed; null at first.</param>
    /// <param name="cancellation">Ends the wait, and the body's.</param>
    /// <returns>Failures of the network are <see cref="HttpRequestException"/> or <see cref="IOException"/>.</returns>
    Task<SourceAnswer> OpenAsync(ByteRange range, string? entity, CancellationToken cancellation);
}
