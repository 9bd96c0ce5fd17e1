using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;
using Comox.NodeAgent.Downloads;
using Comox.ServiceDefaults.Contracts.OpenAI;
using Microsoft.Extensions.Options;

namespace Comox.NodeAgent.ModelCache.Stores;

/// <summary>
/// Speaks to a hub with Hugging Face's API. The token in HF_TOKEN goes to the hub alone: weights are served by other hosts, to which the hub
/// redirects with a signed address.
/// </summary>
internal sealed partial class HubClient(HttpClient http, IOptions<NodeAgentOptions> options, IConfiguration configuration) : IModelStore
{
    private const int MaxRedirects = 5;

    public string Name => options.Value.Hub.Host;

    public async Task<Outcome<RepositoryListing>> ListAsync(string repository, CancellationToken cancellation)
    {
        using var listing = await SendAsync(HttpMethod.Get, new Uri(options.Value.Hub, $"/api/models/{repository}/revision/main"), null, cancellation);
        if (Refusal(listing, repository) is { } refused)
            return Outcome<RepositoryListing>.Failed(refused, ErrorCodes.DownloadFailed);
        return await listing.Content.ReadFromJsonAsync(HubJson.Default.HubRepository, cancellation) is { Sha: { } commit, Siblings: { } siblings } && IsCommit(commit)
            ? Outcome<RepositoryListing>.Of(new RepositoryListing(commit, [.. siblings.Select(file => file.Rfilename).OfType<string>()]))
            : Outcome<RepositoryListing>.Failed($"The hub {Name} answered about {repository} in a form that is not the hub's.");
    }

    // The first answer, before the redirect to the weights' own host, carries what identifies them: X-Linked-Etag is the SHA-256. Small files are
    // not redirected; their ETag is git's SHA-1.
    public async Task<Outcome<HubFile>> DescribeAsync(string repository, string commit, string name, CancellationToken cancellation)
    {
        using var head = await SendAsync(HttpMethod.Head, AddressOf(repository, commit, name), request => request.Headers.AcceptEncoding.ParseAdd("identity"), cancellation);
        if (Refusal(head, repository) is { } refused)
            return Outcome<HubFile>.Failed(refused, ErrorCodes.DownloadFailed);
        var linked = Header(head, "X-Linked-Etag");
        var digest = ContentDigest.Parse((linked ?? head.Headers.ETag?.Tag)?.Trim('"'));
        var size = long.TryParse(Header(head, "X-Linked-Size"), NumberStyles.None, CultureInfo.InvariantCulture, out var announced)
            ? announced
            : linked is null ? head.Content.Headers.ContentLength : null;
        if (digest is null || size is null)
            return Outcome<HubFile>.Failed($"The hub gives no SHA-256 for {name} of {repository}, so it cannot be verified.", ErrorCodes.DownloadContradicted);
        if (Header(head, "X-Repo-Commit") is { } other && other != commit)
            return Outcome<HubFile>.Failed($"The hub was asked for {name} of {repository} at {commit} and answered for {other}.", ErrorCodes.DownloadContradicted);
        return Outcome<HubFile>.Of(new HubFile(repository, commit, name, digest, size.Value));
    }

    public Task<IReadOnlyList<IDownloadSource>> SourcesOfAsync(HubFile file, CancellationToken cancellation) => Task.FromResult<IReadOnlyList<IDownloadSource>>([new Source(this, file)]);

    /// <summary>A commit becomes part of a path.</summary>
    public static bool IsCommit(string text) => Commit().IsMatch(text);

    private async Task<HttpResponseMessage> SendAsync(HttpMethod method, Uri address, Action<HttpRequestMessage>? prepare, CancellationToken cancellation)
    {
        for (var hop = 0; ; hop++)
        {
            using var request = new HttpRequestMessage(method, address);
            prepare?.Invoke(request);
            request.Headers.UserAgent.ParseAdd("comox");
            if (IsHub(address) && configuration["HF_TOKEN"] is { Length: > 0 } token)
                request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token.Trim());
            var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
            if ((int)response.StatusCode is not (301 or 302 or 303 or 307 or 308) || response.Headers.Location is not { } location || hop == MaxRedirects)
                return response;
            var next = new Uri(address, location);
            if (method == HttpMethod.Head && (!IsHub(next) || Header(response, "X-Linked-Etag") is not null))
                return response;
            response.Dispose();
            address = next;
        }
    }

    private bool IsHub(Uri address) => Uri.Compare(address, options.Value.Hub, UriComponents.SchemeAndServer, UriFormat.Unescaped, StringComparison.OrdinalIgnoreCase) == 0;

    private Uri AddressOf(string repository, string commit, string name) => new(options.Value.Hub, $"/{repository}/resolve/{commit}/{string.Join('/', name.Split('/').Select(Uri.EscapeDataString))}");

    private static string? Header(HttpResponseMessage response, string name) => response.Headers.TryGetValues(name, out var values) ? values.FirstOrDefault() : null;

    private static string? Refusal(HttpResponseMessage response, string repository) => response.StatusCode switch
    {
        HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden or HttpStatusCode.NotFound =>
            $"The hub does not give out {repository}: it does not exist there, or it needs a token. Check the name, or set HF_TOKEN.",
        >= HttpStatusCode.BadRequest => $"The hub answered {((int)response.StatusCode).ToString(CultureInfo.InvariantCulture)} about {repository}.",
        _ => null,
    };

    private sealed class Source(HubClient hub, HubFile file) : IDownloadSource
    {
        public string Name => hub.Name;

        public async Task<SourceAnswer> OpenAsync(ByteRange range, string? entity, CancellationToken cancellation) =>
            await SourceAnswer.OfAsync(
                await hub.SendAsync(
                    HttpMethod.Get, hub.AddressOf(file.Repository, file.Commit, file.Name), request => SourceAnswer.Ask(request, range, file.Size, entity), cancellation),
                cancellation);
    }

    [GeneratedRegex(@"^([0-9a-f]{40}|[0-9a-f]{64})\z", RegexOptions.ExplicitCapture)]
    private static partial Regex Commit();
}

internal sealed record HubRepository(string? Sha, IReadOnlyList<HubSibling>? Siblings);

internal sealed record HubSibling(string? Rfilename);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(HubRepository))]
internal sealed partial class HubJson : JsonSerializerContext;
