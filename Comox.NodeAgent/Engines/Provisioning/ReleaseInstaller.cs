using System.Formats.Tar;
using System.IO.Compression;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;
using Comox.NodeAgent.Downloads;
using Microsoft.Extensions.Options;

namespace Comox.NodeAgent.Engines.Provisioning;

/// <summary>Upstream's release archive for this hardware, checked against the digest that the release lists.</summary>
internal sealed class ReleaseInstaller(HttpClient http, VerifiedDownload download, EngineProbe probe, BuildHardwareReader hardware, IOptions<NodeAgentOptions> options, TimeProvider time)
    : IEngineInstaller
{
    public bool IsAllowed => !options.Value.Offline;

    public async Task<Outcome<string>> InstallAsync(string engines, ProgressReport report, CancellationToken cancellation)
    {
        report("Asking for llama.cpp's latest release", null);
        var release = await LatestAsync(cancellation);
        if (!release.IsSuccess)
            return Outcome<string>.Failed(release.Problem);
        var found = await hardware.ReadAsync(cancellation);
        if (ReleaseAssets.Choose(release.Value.Assets ?? [], found) is not ({ } build, { BrowserDownloadUrl: { } address } asset))
            return Outcome<string>.Failed($"llama.cpp's release {release.Value.TagName} has no archive with a digest for {found.Runtime}.");

        var tag = ReleaseAssets.SafeName(release.Value.TagName) + (build.Backend == LlamaCppBuilds.Cpu ? "" : $"-{build.Backend}");
        var work = Path.Combine(engines, $".release-{tag}");
        Directory.CreateDirectory(work);
        var order = new DownloadOrder(asset.Name!, Path.Combine(work, "archive"), asset.Digest!["sha256:".Length..], asset.Size, (offset, stop) => OpenAsync(address, offset, stop));
        try
        {
            var archive = await download.RunAsync(order, report, cancellation);
            if (!archive.IsSuccess)
                return archive;
            report("Unpacking llama.cpp", 1);
            var published = await UnpackAsync(archive.Value, asset.Name!, Path.Combine(engines, $"llama.cpp-upstream-{tag}"), cancellation);
            if (published.IsSuccess)
                Directory.Delete(work, recursive: true);
            return published;
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            return Outcome<string>.Failed($"llama.cpp's release archive cannot be stored or unpacked: {problem.Message}");
        }
    }

    private async Task<Outcome<Release>> LatestAsync(CancellationToken cancellation)
    {
        using var limit = new CancellationTokenSource(options.Value.ProbeTimeout, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellation);
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, options.Value.ReleaseUrl);
            request.Headers.UserAgent.ParseAdd("comox"); // GitHub's API refuses requests without one.
            using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, both.Token);
            if (!response.IsSuccessStatusCode)
                return Outcome<Release>.Failed($"llama.cpp's release server answered {(int)response.StatusCode}.");
            return await response.Content.ReadFromJsonAsync(ReleaseJson.Default.Release, both.Token) is { TagName: not null } release
                ? Outcome<Release>.Of(release)
                : Outcome<Release>.Failed("llama.cpp's release server answered with something else than a release.");
        }
        catch (Exception problem) when (problem is HttpRequestException or IOException or JsonException
            || (problem is OperationCanceledException && !cancellation.IsCancellationRequested))
        {
            return Outcome<Release>.Failed($"llama.cpp's release server {options.Value.ReleaseUrl.Host} cannot be reached.");
        }
    }

    private async Task<HttpResponseMessage> OpenAsync(Uri address, long offset, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, address);
        request.Headers.UserAgent.ParseAdd("comox");
        if (offset > 0)
            request.Headers.Range = new(offset, null);
        return await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
    }

    // Unpacked beside its final place, tried there, renamed, and marked last: a kill at any point leaves either nothing or a whole engine.
    private async Task<Outcome<string>> UnpackAsync(string archive, string name, string final, CancellationToken cancellation)
    {
        var draft = Path.Combine(Path.GetDirectoryName(archive)!, "unpacked");
        if (Directory.Exists(draft))
            Directory.Delete(draft, recursive: true);
        Directory.CreateDirectory(draft);
        if (name.EndsWith(".zip", StringComparison.Ordinal))
        {
            await ZipFile.ExtractToDirectoryAsync(archive, draft, cancellation);
        }
        else
        {
            await using var file = File.OpenRead(archive);
            await using var plain = new GZipStream(file, CompressionMode.Decompress);
            await TarFile.ExtractToDirectoryAsync(plain, draft, overwriteFiles: false, cancellation);
        }

        var server = Directory.EnumerateFiles(draft, OperatingSystem.IsWindows() ? "llama-server.exe" : "llama-server", SearchOption.AllDirectories).FirstOrDefault();
        if (server is null)
            return Outcome<string>.Failed($"llama.cpp's archive {name} has no llama-server in it.");
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(server, File.GetUnixFileMode(server) | UnixFileMode.UserExecute);

        var tried = await probe.TryAsync(server, cancellation);
        if (!tried.IsSuccess)
            return Outcome<string>.Failed($"llama.cpp's release does not run here: {tried.Problem}.");

        var inside = Path.GetRelativePath(draft, server);
        if (Directory.Exists(final))
            Directory.Delete(final, recursive: true);
        Directory.Move(draft, final);
        var marker = Path.Combine(final, InstalledEngines.MarkerName);
        await File.WriteAllTextAsync(marker + ".new", inside, cancellation);
        File.Move(marker + ".new", marker);
        return Outcome<string>.Of(Path.Combine(final, inside));
    }
}

/// <summary>Which file of a release is meant.</summary>
internal static partial class ReleaseAssets
{
    /// <summary>The best build for the hardware that the release has with a digest to check it against; null: it has none.</summary>
    public static (LlamaCppBuild Build, ReleaseAsset Asset)? Choose(IReadOnlyList<ReleaseAsset> assets, BuildHardware hardware)
    {
        foreach (var build in LlamaCppBuilds.For(hardware))
        {
            var name = new Regex($"-bin-{Regex.Escape(build.Asset).Replace("\\*", "[0-9.]+", StringComparison.Ordinal)}\\.(zip|tar\\.gz)$", RegexOptions.ExplicitCapture);
            if (assets.FirstOrDefault(asset => asset.Name is { } file && !file.StartsWith("cudart", StringComparison.Ordinal) && name.IsMatch(file) && asset.Digest is { } digest && Sha256Digest().IsMatch(digest)) is { } found)
                return (build, found);
        }

        return null;
    }

    /// <summary>A tag as part of a folder's name.</summary>
    public static string SafeName(string? tag) => Unsafe().Replace(tag ?? "", "-") is { Length: > 0 } name ? name : "latest";

    [GeneratedRegex("^sha256:[0-9a-fA-F]{64}$")]
    private static partial Regex Sha256Digest();

    [GeneratedRegex("[^A-Za-z0-9.-]|^[.]+")]
    private static partial Regex Unsafe();
}

internal sealed record Release(string? TagName, IReadOnlyList<ReleaseAsset>? Assets);

/// <summary>A file of a release; <c>Digest</c> is <c>sha256:</c> and 64 hex digits.</summary>
internal sealed record ReleaseAsset(string? Name, Uri? BrowserDownloadUrl, string? Digest, long? Size);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(Release))]
internal sealed partial class ReleaseJson : JsonSerializerContext;
