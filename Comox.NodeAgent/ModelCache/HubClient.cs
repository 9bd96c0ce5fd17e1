using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;
using Comox.NodeAgent.Downloads;
using Comox.ServiceDefaults.Contracts.OpenAI;
using Microsoft.Extensions.Options;

namespace Comox.NodeAgent.ModelCache;

/// <summary>One file of one commit on the hub.</summary>
/// <param name="Repository"><c>org/repo</c>.</param>
/// <param name="Commit">40 or 64 hex digits.</param>
/// <param name="Name">Its path in the repository, with <c>/</c>.</param>
/// <param name="Digest">Of its content; names its blob.</param>
/// <param name="Size">Bytes.</param>
internal sealed record HubFile(string Repository, string Commit, string Name, ContentDigest Digest, long Size);

/// <summary>
/// Speaks to a hub with Hugging Face's API. The token in HF_TOKEN goes to the hub alone: weights are served by other hosts, to which the hub
/// redirects with a signed address.
/// </summary>
internal sealed partial class HubClient(HttpClient http, IOptions<NodeAgentOptions> options, IConfiguration configuration, TimeProvider time)
{
    private const int MaxRedirects = 5;

    public async Task<Outcome<HubFile>> FindAsync(ModelReference.OnHub wanted, CancellationToken cancellation)
    {
        using var limit = new CancellationTokenSource(options.Value.ProbeTimeout, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellation);
        try
        {
            if (wanted.Selector is { } selector && ModelFiles.IsPickle(selector))
                return Outcome<HubFile>.Failed(ModelFiles.Refusal(selector)!, ErrorCodes.FileRefused);
            using var listing = await SendAsync(HttpMethod.Get, new Uri(options.Value.Hub, $"/api/models/{wanted.Repository}/revision/main"), null, both.Token);
            if (Refusal(listing, wanted.Repository) is { } refused)
                return Outcome<HubFile>.Failed(refused);
            var repository = await listing.Content.ReadFromJsonAsync(HubJson.Default.HubRepository, both.Token);
            if (repository is not { Sha: { } commit, Siblings: { } siblings } || !IsCommit().IsMatch(commit)) // The commit becomes part of a path.
                return Outcome<HubFile>.Failed($"The hub {options.Value.Hub.Host} answered about {wanted.Repository} in a form that is not the hub's.");
            if (GgufSelection.Choose(siblings.Select(file => file.Rfilename), wanted.Selector) is not { } name)
                return Outcome<HubFile>.Failed($"{wanted.Repository} on the hub has no single GGUF file {wanted.Selector ?? "to choose"}; name one as org/repo:file.gguf.");
            return await DescribeAsync(wanted.Repository, commit, name, both.Token);
        }
        catch (Exception problem) when (problem is HttpRequestException or IOException or System.Text.Json.JsonException
            || (problem is OperationCanceledException && !cancellation.IsCancellationRequested))
        {
            return Outcome<HubFile>.Failed($"The hub {options.Value.Hub.Host} cannot be reached.");
        }
    }

    private string Host => options.Value.Hub.Host;

    /// <summary>Where the bytes of <paramref name="file"/> come from.</summary>
    public IDownloadSource SourceOf(HubFile file) => new Source(this, file);

    // The first answer, before the redirect to the weights' own host, carries what identifies them: X-Linked-Etag is the SHA-256. Small files are
    // not redirected; their ETag is git's SHA-1.
    private async Task<Outcome<HubFile>> DescribeAsync(string repository, string commit, string name, CancellationToken cancellation)
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
        public string Name => hub.Host;

        public async Task<SourceAnswer> OpenAsync(ByteRange range, string? entity, CancellationToken cancellation) =>
            await SourceAnswer.OfAsync(
                await hub.SendAsync(
                    HttpMethod.Get, hub.AddressOf(file.Repository, file.Commit, file.Name), request => SourceAnswer.Ask(request, range, file.Size, entity), cancellation),
                cancellation);
    }

    [GeneratedRegex(@"^([0-9a-f]{40}|[0-9a-f]{64})\z", RegexOptions.ExplicitCapture)]
    private static partial Regex IsCommit();
}

/// <summary>Which of a repository's files is meant.</summary>
internal static partial class GgufSelection
{
    /// <param name="names">All files of the repository.</param>
    /// <param name="selector">A file name, a quantisation, or null for Q8_0 or else the only one.</param>
    /// <returns>Null when none or more than one fits; a model split into parts never fits.</returns>
    public static string? Choose(IEnumerable<string?> names, string? selector)
    {
        var models = names.OfType<string>()
            .Where(name => name.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase) && ModelFiles.StaysInside(name))
            .ToList();
        if (selector?.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase) == true)
            return models.Find(name => name.Equals(selector, StringComparison.OrdinalIgnoreCase));

        var whole = models.Where(name => !IsPart(name) && !name.Contains("mmproj", StringComparison.OrdinalIgnoreCase)).ToList();
        return Only(whole, selector ?? "Q8_0") ?? (selector is null && whole is [var only] ? only : null);
    }

    /// <summary>One file of a model that is split into several.</summary>
    public static bool IsPart(string name) => Part().IsMatch(name);

    /// <summary>The model that a GGUF file is, or is a part of: its name without <c>-00001-of-00003</c>. Null when it is no GGUF file.</summary>
    public static string? ModelOf(string name) => name.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase) ? Part().Replace(name, ".gguf") : null;

    [GeneratedRegex(@"-[0-9]{5}-of-[0-9]{5}\.gguf\z", RegexOptions.IgnoreCase)]
    private static partial Regex Part();

    private static string? Only(List<string> names, string quantisation) =>
        names.Where(name => Path.GetFileNameWithoutExtension(name).EndsWith(quantisation, StringComparison.OrdinalIgnoreCase)).ToList() is [var only] ? only : null;
}

internal sealed record HubRepository(string? Sha, IReadOnlyList<HubSibling>? Siblings);

internal sealed record HubSibling(string? Rfilename);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(HubRepository))]
internal sealed partial class HubJson : JsonSerializerContext;
