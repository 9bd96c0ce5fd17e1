using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;
using Comox.NodeAgent.Downloads;
using Comox.ServiceDefaults.Contracts.OpenAI;
using Microsoft.Extensions.Options;

namespace Comox.NodeAgent.ModelCache.Stores;

/// <summary>Section <c>Comox:NodeAgent:Cache:S3</c>: a bucket with models, at any server that speaks S3.</summary>
internal sealed record S3Options
{
    public const string Section = $"{CacheOptions.Section}:S3";

    /// <summary>The server's address, without the bucket.</summary>
    public Uri? Endpoint { get; init; }

    public string Bucket { get; init; } = "";

    /// <summary>What comes before <c>org/repo/file</c> in the names of objects.</summary>
    public string Prefix { get; init; } = "";

    public string Region { get; init; } = "us-east-1";

    /// <summary>With <see cref="SecretKey"/>; neither: what the AWS SDK finds in the environment.</summary>
    public string? AccessKey { get; init; }

    public string? SecretKey { get; init; }

    public static IEnumerable<string> Problems(S3Options options)
    {
        if (options.Endpoint is null || !NodeAgentOptions.IsHttp(options.Endpoint))
            yield return $"{Section}:Endpoint must be an http or https address, without the bucket.";
        if (options.Bucket.Length == 0 || !options.Bucket.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_'))
            yield return $"{Section}:Bucket must be the name of a bucket.";
        if (options.AccessKey is null != options.SecretKey is null)
            yield return $"{Section}:AccessKey and SecretKey must both be set, or neither.";
    }

    // A record would print the key.
    public override string ToString() => $"{Endpoint} {Bucket}/{Prefix}";
}

/// <summary>
/// Models in a bucket, as <c>aws s3 sync</c> puts a folder there: <c>PREFIX/org/repo/FILE</c>. A bucket gives no hash that a client chose not to give it, so
/// where no hub says what a file must be, an object needs one: S3's own SHA-256 of the whole (<c>--checksum-algorithm SHA256</c>, up to 5 GB in one
/// part), or the metadata <c>sha256</c>. Nor has it commits: the metadata <c>commit</c> says one, else the listing's hash stands for it.
/// </summary>
internal sealed class S3Store(IOptions<NodeAgentOptions> options) : INearStore, IDisposable
{
    // Made when first used: the SDK takes a while to start.
    private readonly Lazy<AmazonS3Client> _client = new(() => Connect(options.Value.Cache.S3!));

    public int Distance => 2;

    public bool IsConfigured => options.Value.Cache.S3 is not null;

    public string Name => $"s3:{S3.Bucket}";

    private S3Options S3 => options.Value.Cache.S3 ?? throw new InvalidOperationException("There is no bucket in the settings.");

    public async Task<Outcome<RepositoryListing>> ListAsync(string repository, CancellationToken cancellation)
    {
        var prefix = KeyOf(repository, "");
        var (objects, problem) = await AskAsync(async () =>
        {
            var all = new List<S3Object>();
            var request = new ListObjectsV2Request { BucketName = S3.Bucket, Prefix = prefix };
            do
            {
                var page = await _client.Value.ListObjectsV2Async(request, cancellation);
                all.AddRange(page.S3Objects ?? []);
                request.ContinuationToken = page.NextContinuationToken;
            }
            while (request.ContinuationToken is not null);
            return all;
        });
        if (objects is not { Count: > 0 })
            return Outcome<RepositoryListing>.Failed($"{repository} is not in the bucket {S3.Bucket}{(problem is null ? "" : $": {problem}")}.", ErrorCodes.DownloadFailed);
        var content = string.Join('\n', objects.Select(found => $"{found.Key} {found.ETag} {found.Size}").Order(StringComparer.Ordinal));
        var commit = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(content)))[..40];
        return Outcome<RepositoryListing>.Of(new RepositoryListing(commit, [.. objects.Select(found => found.Key[prefix.Length..])]));
    }

    public async Task<Outcome<HubFile>> DescribeAsync(string repository, string commit, string name, CancellationToken cancellation)
    {
        var (head, problem) = await HeadAsync(KeyOf(repository, name), cancellation);
        if (head is null)
            return Outcome<HubFile>.Failed($"{name} of {repository} is not to be had from {Name}: {problem}.", ErrorCodes.DownloadFailed);

        // "…=-3" is a hash of the hashes of three parts, and says nothing about the whole.
        var whole = head.ChecksumSHA256 is { } checksum && Convert.TryFromBase64String(checksum, new byte[33], out var bytes) && bytes == 32
            ? Convert.ToHexStringLower(Convert.FromBase64String(checksum))
            : null;
        if (ContentDigest.Parse(whole ?? head.Metadata["sha256"]) is not { IsSha256: true } digest)
        {
            return Outcome<HubFile>.Failed(
                $"The bucket {S3.Bucket} gives no SHA-256 for {name} of {repository}, so it cannot be verified: store it with --checksum-algorithm SHA256, or with the metadata sha256.",
                ErrorCodes.DownloadContradicted);
        }

        var said = head.Metadata["commit"];
        return Outcome<HubFile>.Of(new HubFile(repository, said is not null && HubClient.IsCommit(said) ? said : commit, name, digest, head.ContentLength));
    }

    public async Task<IReadOnlyList<IDownloadSource>> SourcesOfAsync(HubFile file, CancellationToken cancellation) =>
        (await HeadAsync(KeyOf(file.Repository, file.Name), cancellation)).Answer?.ContentLength == file.Size ? [new Source(this, file)] : [];

    public void Dispose()
    {
        if (_client.IsValueCreated)
            _client.Value.Dispose();
    }

    private string KeyOf(string repository, string name) =>
        S3.Prefix.Trim('/') is { Length: > 0 } prefix ? $"{prefix}/{repository}/{name}" : $"{repository}/{name}";

    private async Task<(GetObjectMetadataResponse? Answer, string? Problem)> HeadAsync(string key, CancellationToken cancellation) =>
        await AskAsync(() => _client.Value.GetObjectMetadataAsync(new GetObjectMetadataRequest { BucketName = S3.Bucket, Key = key, ChecksumMode = ChecksumMode.ENABLED }, cancellation));

    private static async Task<(T? Answer, string? Problem)> AskAsync<T>(Func<Task<T>> ask)
        where T : class
    {
        try
        {
            return (await ask(), null);
        }
        catch (AmazonServiceException refused) when (refused.StatusCode != 0)
        {
            return (null, $"the server answered {(int)refused.StatusCode} {refused.ErrorCode}");
        }
        catch (AmazonClientException broken) // No credentials, no connection, an answer that is not S3's.
        {
            throw new HttpRequestException(broken.Message, broken);
        }
    }

    private static AmazonS3Client Connect(S3Options s3)
    {
        var config = new AmazonS3Config
        {
            ServiceURL = s3.Endpoint!.ToString(),
            ForcePathStyle = true, // BUCKET.server has no address and no certificate on most servers that are not Amazon's.
            AuthenticationRegion = s3.Region,
            MaxErrorRetry = 0, // The download's own patience counts.
            Timeout = Timeout.InfiniteTimeSpan,
            RequestChecksumCalculation = RequestChecksumCalculation.WHEN_REQUIRED,
            ResponseChecksumValidation = ResponseChecksumValidation.WHEN_REQUIRED,
        };
        return s3.AccessKey is null ? new AmazonS3Client(config) : new AmazonS3Client(new BasicAWSCredentials(s3.AccessKey, s3.SecretKey), config);
    }

    private sealed class Source(S3Store store, HubFile file) : IDownloadSource
    {
        public string Name => store.Name;

        public async Task<SourceAnswer> OpenAsync(Downloads.ByteRange range, string? entity, CancellationToken cancellation)
        {
            var request = new GetObjectRequest
            {
                BucketName = store.S3.Bucket,
                Key = store.KeyOf(file.Repository, file.Name),
                ByteRange = new Amazon.S3.Model.ByteRange(range.From, range.To - 1),
                EtagToMatch = entity,
            };
            try
            {
                var answer = await store._client.Value.GetObjectAsync(request, cancellation);
                var range206 = ContentRangeHeaderValue.TryParse(answer.ContentRange, out var part) ? part : null;
                return new SourceAnswer(answer)
                {
                    Status = (int)answer.HttpStatusCode,
                    From = range206?.From ?? 0,
                    Total = range206 is null ? answer.ContentLength : range206.Length,
                    Entity = answer.ETag,
                    Body = answer.ResponseStream,
                };
            }
            catch (AmazonServiceException refused) when (refused.StatusCode != 0)
            {
                return new SourceAnswer(Stream.Null) { Status = (int)refused.StatusCode };
            }
            catch (AmazonClientException broken)
            {
                throw new HttpRequestException(broken.Message, broken);
            }
        }
    }
}
