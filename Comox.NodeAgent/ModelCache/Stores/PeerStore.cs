using System.Net.Http.Headers;
using System.Text;
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

    public async Task<Outcome<RepositoryListing>> ListAsync(string repository, CancellationToken cancellation) =>
        await FirstAsync(repository, cancellation) is { } found && HubClient.IsCommit(found.Commit)
            ? Outcome<RepositoryListing>.Of(new RepositoryListing(found.Commit, [.. found.Files.Select(file => file.Name)]))
            : Outcome<RepositoryListing>.Failed($"No neighbour has {repository}.", ErrorCodes.DownloadFailed);

    public async Task<Outcome<HubFile>> DescribeAsync(string repository, string commit, string name, CancellationToken cancellation) =>
        await FirstAsync(repository, cancellation) is { } found && found.Commit == commit
        && found.Files.FirstOrDefault(file => file.Name == name) is { } file && ContentDigest.Parse(file.Blob) is { } digest
            ? Outcome<HubFile>.Of(new HubFile(repository, commit, name, digest, file.SizeBytes))
            : Outcome<HubFile>.Failed($"No neighbour has {name} of {repository} any more.", ErrorCodes.DownloadFailed);

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

    private async Task<CachedRepository?> FirstAsync(string repository, CancellationToken cancellation)
    {
        foreach (var peer in Peers)
        {
            try
            {
                using var response = await SendAsync(new HttpRequestMessage(HttpMethod.Get, new Uri(peer, $"/node/models/{repository}")), cancellation);
                if (response.IsSuccessStatusCode && await response.Content.ReadFromJsonAsync(NodesJson.Default.CachedRepository, cancellation) is { Files.Count: > 0 } found)
                    return found;
            }
            catch (HttpRequestException)
            {
                // The next one may be there.
            }
        }

        return null;
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
