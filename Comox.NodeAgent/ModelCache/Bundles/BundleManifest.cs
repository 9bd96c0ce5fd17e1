using System.Text.Json.Serialization;
using Comox.NodeAgent.Downloads;
using Comox.NodeAgent.ModelCache.Stores;

namespace Comox.NodeAgent.ModelCache.Bundles;

/// <summary>
/// What a bundle holds. A bundle is a tar:
/// <code>
/// comox-bundle.json    this
/// comox-bundle.sig     {"key":"…","signature":"…"}: Ed25519 over "comox-bundle 1\n" and the bytes of the first file
/// blobs/HASH           the files, once each
/// </code>
/// The manifest comes first, so that nothing is written before its signature has been checked.
/// </summary>
internal sealed record BundleManifest
{
    public const string EntryName = "comox-bundle.json";
    public const string SignatureName = "comox-bundle.sig";
    public const int KnownFormat = 1;

    public required int Format { get; init; }
    public required string Repository { get; init; }
    public required string Commit { get; init; }
    public required DateTimeOffset MadeAt { get; init; }
    public required IReadOnlyList<BundleFile> Files { get; init; }

    public static string EntryOf(string blob) => $"blobs/{blob}";

    /// <returns>Its files, or in words what is wrong with it. A signature says who wrote it, not that it is harmless.</returns>
    public Outcome<IReadOnlyList<HubFile>> Check()
    {
        if (Format != KnownFormat)
            return Wrong($"it has the format {Format}, and {KnownFormat} is known");
        if (ModelReference.Parse(Repository) is not ModelReference.OnHub { Selector: null } || !HubClient.IsCommit(Commit))
            return Wrong("its repository or its commit is none");
        if (Files.Count == 0 || Files.DistinctBy(file => file.Name, StringComparer.OrdinalIgnoreCase).Count() != Files.Count)
            return Wrong("it lists no files, or one twice");

        var files = new List<HubFile>();
        foreach (var file in Files)
        {
            if (ModelFiles.Refusal(file.Name) is { } refused)
                return Wrong(refused.TrimEnd('.'));
            if (ContentDigest.Parse(file.Blob) is not { } digest || ContentDigest.Parse(file.Sha256) is not { IsSha256: true } sha256 || (digest.IsSha256 && digest != sha256) || file.Size < 0)
                return Wrong($"what it says of {file.Name} cannot be");
            files.Add(new HubFile(Repository, Commit, file.Name, digest, file.Size));
        }

        return Outcome<IReadOnlyList<HubFile>>.Of(files);
    }

    private static Outcome<IReadOnlyList<HubFile>> Wrong(string what) => Outcome<IReadOnlyList<HubFile>>.Failed(what);
}

/// <param name="Name">Its path in the repository.</param>
/// <param name="Size">Bytes.</param>
/// <param name="Sha256">Of its content.</param>
/// <param name="Blob">What Hugging Face's layout calls it: the same, or git's SHA-1.</param>
internal sealed record BundleFile(string Name, long Size, string Sha256, string Blob);

/// <param name="Key">Ed25519's public key, base64 of 32 bytes.</param>
/// <param name="Signature">Base64 of 64 bytes.</param>
internal sealed record BundleSeal(string Key, string Signature);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(BundleManifest))]
[JsonSerializable(typeof(BundleSeal))]
internal sealed partial class BundleJson : JsonSerializerContext;
