using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Comox.NodeAgent.Downloads;
using Comox.ServiceDefaults.Contracts.Nodes;
using Comox.ServiceDefaults.Contracts.OpenAI;
using Microsoft.Extensions.Options;

namespace Comox.NodeAgent.ModelCache.Stores;

/// <summary>
/// The caches of other agents. Thirty boxes that want the same model then ask the hub for it once: the others have it over their own network, from whoever
/// already has it. A neighbour is believed no more than anyone else: its bytes are verified, too.
/// </summary>
internal sealed class PeerStore(HttpClient http, Func<AuthenticationHeaderValue> key, IOptions<NodeAgentOptions> options) : INearStore
{
    public int Distance => 1;

    public bool IsConfigured => Peers.Count > 0;

    public string Name => "the neighbours";

    /// <summary>A model of several files is of one commit, that of which most is there; a GGUF file is a model by itself, of whichever commit somebody has it.</summary>
    public async Task<Outcome<RepositoryListing>> ListAsync(string repository, CancellationToken cancellation)
    {
        var all = await AllAsync(repository, cancellation);
        var fullest = all.GroupBy(found => found.Commit, StringComparer.Ordinal)
            .Select(commit => new RepositoryListing(commit.Key, [.. commit.SelectMany(found => found.Files).Select(file => file.Name).Distinct(StringComparer.Ordinal)]))
            .MaxBy(listing => listing.Names.Count);
        return fullest is null
            ? Outcome<RepositoryListing>.Failed($"No neighbour has {repository}.", ErrorCodes.DownloadFailed)
            : Outcome<RepositoryListing>.Of(fullest with { Names = [.. fullest.Names.Union(all.SelectMany(found => found.Files).Select(file => file.Name).Where(name => name.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase)), StringComparer.Ordinal)] });
    }

    public async Task<Outcome<HubFile>> DescribeAsync(string repository, string commit, string name, CancellationToken cancellation)
    {
        var found = (from peer in await AllAsync(repository, cancellation)
                     from file in peer.Files
                     where file.Name == name && ContentDigest.Parse(file.Blob) is not null
                     orderby peer.Commit == commit descending
                     select new HubFile(repository, peer.Commit, name, ContentDigest.Parse(file.Blob)!, file.SizeBytes)).FirstOrDefault();
        return found is null ? Outcome<HubFile>.Failed($"No neighbour has {name} of {repository} any more.", ErrorCodes.DownloadFailed) : Outcome<HubFile>.Of(found);
    }

    public async Task<IReadOnlyList<IDownloadSource>> SourcesOfAsync(HubFile file, CancellationToken cancellation)
    {
        // All at once: one that is down costs the time limit, however many are.
        var peers = await Task.WhenAll(Peers.Select(async peer => (Peer: peer, Has: await HasAsync(peer, file, cancellation))));

        // Another order on each node and for each blob, so that not everybody asks the same neighbour.
        return [.. peers.Where(peer => peer.Has)
            .OrderBy(peer => DownloadJournal.Check(Encoding.UTF8.GetBytes($"{options.Value.Name} {peer.Peer} {file.Digest}")))
            .Select(peer => new Source(this, peer.Peer, file))];
    }

    private IReadOnlyList<Uri> Peers => options.Value.Cache.Peers;

    /// <summary>What each of them has of it; nothing of one that does not answer while it is waited for.</summary>
    private async Task<IReadOnlyList<CachedRepository>> AllAsync(string repository, CancellationToken cancellation) =>
        [.. (await Task.WhenAll(Peers.Select(peer => AskAsync(peer, repository, cancellation)))).OfType<CachedRepository>()];

    private async Task<CachedRepository?> AskAsync(Uri peer, string repository, CancellationToken cancellation)
    {
        try
        {
            using var response = await SendAsync(new HttpRequestMessage(HttpMethod.Get, new Uri(peer, $"/node/models/{repository}")), cancellation);
            return response.IsSuccessStatusCode && await response.Content.ReadFromJsonAsync(NodesJson.Default.CachedRepository, cancellation) is { Files.Count: > 0 } found && HubClient.IsCommit(found.Commit) ? found : null;
        }
        catch (Exception problem) when (problem is HttpRequestException or IOException or JsonException or OperationCanceledException)
        {
            return null;
        }
    }

    private async Task<bool> HasAsync(Uri peer, HubFile file, CancellationToken cancellation)
    {
        try
        {
            using var response = await SendAsync(new HttpRequestMessage(HttpMethod.Head, AddressOf(peer, file)), cancellation);
            return response.IsSuccessStatusCode && response.Content.Headers.ContentLength == file.Size;
        }
        catch (Exception problem) when (problem is HttpRequestException or OperationCanceledException)
        {
            return false;
        }
    }

    private async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellation)
    {
        using (request)
        {
            request.Headers.Authorization = key();
            return await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
        }
    }

    private static Uri AddressOf(Uri peer, HubFile file) => new(peer, $"/node/blobs/{file.Digest}");

    private sealed class Source(PeerStore store, Uri peer, HubFile file) : IDownloadSource
    {
        public string Name => peer.Authority;

        public async Task<SourceAnswer> OpenAsync(ByteRange range, string? entity, CancellationToken cancellation)
        {
            var request = new HttpRequestMessage(HttpMethod.Get, AddressOf(peer, file));
            SourceAnswer.Ask(request, range, file.Size, entity);
            return await SourceAnswer.OfAsync(await store.SendAsync(request, cancellation), cancellation);
        }
    }
}
