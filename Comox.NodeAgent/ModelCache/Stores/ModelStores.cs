using System.Text.Json;
using Comox.NodeAgent.Downloads;
using Comox.ServiceDefaults.Contracts.OpenAI;
using Microsoft.Extensions.Options;

namespace Comox.NodeAgent.ModelCache.Stores;

/// <summary>
/// Where models come from. What a name means, the hub says; when it cannot be asked, who else has the model. The bytes come from whoever is nearest:
/// neighbours, the bucket, the hub.
/// </summary>
internal sealed class ModelStores(HubClient hub, IEnumerable<INearStore> near, IOptions<NodeAgentOptions> options, TimeProvider time)
{
    /// <summary>As many files are asked for at the same time: a model has up to some hundreds, and a hub has its limits.</summary>
    private const int AtOnce = 8;

    private readonly INearStore[] _near = [.. near.Where(store => store.IsConfigured).OrderBy(store => store.Distance)];

    /// <param name="wanted">Repository and selector.</param>
    /// <param name="choose">Which of the files' names are meant; none: the model is not among them.</param>
    /// <param name="cancellation">Ends the search.</param>
    public async Task<Outcome<IReadOnlyList<HubFile>>> FindAsync(
        ModelReference.OnHub wanted, Func<IReadOnlyList<string>, IReadOnlyList<string>> choose, CancellationToken cancellation)
    {
        if (wanted.Selector is { } selector && ModelFiles.IsPickle(selector))
            return Outcome<IReadOnlyList<HubFile>>.Failed(ModelFiles.Refusal(selector)!, ErrorCodes.FileRefused);

        Outcome<IReadOnlyList<HubFile>>? first = null;
        foreach (var store in Authorities())
        {
            var found = await AskAsync(store, wanted, choose, cancellation);
            if (found.IsSuccess)
                return found;
            first ??= found;
        }

        return first ?? Outcome<IReadOnlyList<HubFile>>.Failed($"{wanted} is not in the cache, and {NodeAgentOptions.Section}:Offline forbids to fetch it.");
    }

    /// <summary>Who sends the bytes of <paramref name="file"/>, the nearest first.</summary>
    public async Task<IReadOnlyList<IDownloadSource>> SourcesOfAsync(HubFile file, CancellationToken cancellation)
    {
        var sources = new List<IDownloadSource>();
        foreach (var store in _near)
            sources.AddRange((await LimitedAsync(stop => store.SourcesOfAsync(file, stop), cancellation)).Answer ?? []);
        if (!options.Value.Offline)
            sources.AddRange(await hub.SourcesOfAsync(file, cancellation));
        return sources;
    }

    private IEnumerable<IModelStore> Authorities() => options.Value.Offline ? _near : [hub, .. _near];

    private async Task<Outcome<IReadOnlyList<HubFile>>> AskAsync(
        IModelStore store, ModelReference.OnHub wanted, Func<IReadOnlyList<string>, IReadOnlyList<string>> choose, CancellationToken cancellation)
    {
        var (answered, listing) = await LimitedAsync(stop => store.ListAsync(wanted.Repository, stop), cancellation);
        if (!answered)
            return Unreachable(store);
        if (!listing.IsSuccess)
            return Outcome<IReadOnlyList<HubFile>>.Failed(listing.Problem, listing.Code);
        var names = choose(listing.Value.Names);
        if (names.Count == 0)
            return Outcome<IReadOnlyList<HubFile>>.Failed($"{wanted.Repository} at {store.Name} has no single GGUF file {wanted.Selector ?? "to choose"} (or, for vLLM, no safetensors); name one as org/repo:file.gguf.");

        // Several at once: a neighbour that is down would cost its time limit for each of a model's files.
        var files = new List<HubFile>();
        foreach (var some in names.Chunk(AtOnce))
        {
            foreach (var (known, file) in await Task.WhenAll(some.Select(name => LimitedAsync(stop => store.DescribeAsync(wanted.Repository, listing.Value.Commit, name, stop), cancellation))))
            {
                if (!known)
                    return Unreachable(store);
                if (!file.IsSuccess)
                    return Outcome<IReadOnlyList<HubFile>>.Failed(file.Problem, file.Code);
                files.Add(file.Value);
            }
        }

        return Outcome<IReadOnlyList<HubFile>>.Of(files);
    }

    /// <returns>Not answered: none in time, or none that can be read.</returns>
    private async Task<(bool Answered, T? Answer)> LimitedAsync<T>(Func<CancellationToken, Task<T>> ask, CancellationToken cancellation)
    {
        using var limit = new CancellationTokenSource(options.Value.ProbeTimeout, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellation);
        try
        {
            return (true, await ask(both.Token));
        }
        catch (Exception problem) when (problem is HttpRequestException or IOException or JsonException
            || (problem is OperationCanceledException && !cancellation.IsCancellationRequested))
        {
            return (false, default);
        }
    }

    private static Outcome<IReadOnlyList<HubFile>> Unreachable(IModelStore store) =>
        Outcome<IReadOnlyList<HubFile>>.Failed($"The hub {store.Name} cannot be reached.", ErrorCodes.DownloadFailed);
}

/// <summary>A store that is nearer than the hub. It was named by whoever runs the node, so <c>Offline</c> does not forbid it.</summary>
internal interface INearStore : IModelStore
{
    bool IsConfigured { get; }

    /// <summary>The smallest is asked first.</summary>
    int Distance { get; }
}
