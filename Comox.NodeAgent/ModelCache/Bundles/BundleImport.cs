using System.Formats.Tar;
using System.Security.Cryptography;
using System.Text.Json;
using Comox.NodeAgent.Downloads;
using Comox.NodeAgent.ModelCache.Stores;
using Comox.ServiceDefaults;
using Comox.ServiceDefaults.Contracts.OpenAI;
using Microsoft.Extensions.Options;

namespace Comox.NodeAgent.ModelCache.Bundles;

/// <summary>
/// Takes a bundle into the cache.
/// <code>
/// (1) manifest and signature: is it whole, by whom, and is that somebody we trust?
/// (2) is there anything in the manifest that must not come into a cache, and is there room?
/// (3) write each blob as a draft, and check its length and its hashes; nothing but the listed blobs may be in it
/// (4) all there: publish them
/// </code>
/// </summary>
internal sealed class BundleImport(CacheDrive drive, CacheRoom room, ComoxHome home, IOptions<NodeAgentOptions> options, TimeProvider time)
{
    private const int MaxManifestBytes = 16 << 20;

    /// <param name="bundle">The file.</param>
    /// <param name="trusted">Public keys that are trusted beside those of the settings.</param>
    /// <param name="anyKey">Whose signature it is does not matter, as long as it is one.</param>
    /// <param name="report">Told how far it is.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <returns>The name to put into the setting <c>Model</c>.</returns>
    public async Task<Outcome<string>> RunAsync(string bundle, IReadOnlyList<string> trusted, bool anyKey, ProgressReport report, CancellationToken cancellation)
    {
        var folder = drive.Check();
        if (!folder.IsSuccess)
            return folder;
        try
        {
            await using var file = File.OpenRead(bundle);
            await using var tar = new TarReader(file);
            return await RunAsync(tar, new HubCache(folder.Value), new Trust(trusted, anyKey), report, cancellation);
        }
        catch (Exception broken) when (broken is InvalidDataException or EndOfStreamException or FormatException or JsonException)
        {
            return Invalid($"it is cut short or damaged: {broken.Message.TrimEnd('.')}");
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            return Outcome<string>.Failed($"The bundle cannot be read, or the cache cannot be written: {problem.Message}");
        }
    }

    private async Task<Outcome<string>> RunAsync(TarReader tar, HubCache cache, Trust trust, ProgressReport report, CancellationToken cancellation)
    {
        var manifestBytes = await SmallAsync(tar, BundleManifest.EntryName, cancellation); // (1)
        var sealBytes = await SmallAsync(tar, BundleManifest.SignatureName, cancellation);
        if (manifestBytes is null || sealBytes is null || JsonSerializer.Deserialize(sealBytes, BundleJson.Default.BundleSeal) is not { Key: not null, Signature: not null } seal)
            return Invalid("it does not begin with a manifest and its signature");
        if (!BundleKeys.IsSealOf(seal, manifestBytes))
            return Outcome<string>.Failed("The bundle's signature is wrong: its manifest was changed after it was signed, or it was not signed with the key it names.", ErrorCodes.BundleUntrusted);
        if (!trust.AnyKey && !trust.Keys.Concat(options.Value.Cache.TrustedKeys).Append(BundleKeys.OwnPublic(home)).Contains(seal.Key))
        {
            return Outcome<string>.Failed(
                $"The bundle is signed with a key that is not trusted here: {seal.Key}. If it is the one you expect, import it with --trust {seal.Key}, or add it to {CacheOptions.Section}:TrustedKeys.",
                ErrorCodes.BundleUntrusted);
        }

        if (JsonSerializer.Deserialize(manifestBytes, BundleJson.Default.BundleManifest) is not { } manifest) // (2)
            return Invalid("its manifest is empty");
        var listed = manifest.Check();
        if (!listed.IsSuccess)
            return Invalid(listed.Problem);
        var missing = listed.Value.Where(file => !cache.HasBlob(file)).DistinctBy(file => file.Digest).ToDictionary(file => BundleManifest.EntryOf(file.Digest.Hex));
        var promised = room.Reserve(cache.Root, Path.Combine(cache.Root, "bundle"), manifest.Repository, missing.Values.Sum(file => file.Size));
        if (!promised.IsSuccess)
            return Outcome<string>.Failed(promised.Problem, promised.Code);
        using var promise = promised.Value;

        var allowed = listed.Value.Select(file => BundleManifest.EntryOf(file.Digest.Hex)).ToHashSet();
        while (await tar.GetNextEntryAsync(cancellationToken: cancellation) is { } entry) // (3)
        {
            if (entry.EntryType != TarEntryType.RegularFile || !allowed.Contains(entry.Name))
                return Invalid($"'{entry.Name}' is in it, which its manifest does not list");
            if (!missing.Remove(entry.Name, out var file))
                continue;
            report($"Taking {file.Name}", 1 - (double)missing.Count / allowed.Count);
            var sha256 = manifest.Files.First(one => one.Blob == file.Digest.Hex).Sha256;
            if (!await WriteAsync(entry, cache, file, sha256, cancellation))
                return Invalid($"{file.Name} in it is not what its manifest says");
        }

        if (missing.Count > 0)
            return Invalid($"{missing.Values.First().Name} is missing in it");
        foreach (var file in listed.Value) // (4)
        {
            BlobNotes.Write(cache.BlobPath(file), new BlobNote { FromBundle = true, Uses = 1, UsedAt = time.GetUtcNow() });
            cache.Publish(file);
        }

        return Outcome<string>.Of(listed.Value is [var only] ? $"{manifest.Repository}:{only.Name}" : manifest.Repository);
    }

    private static async Task<bool> WriteAsync(TarEntry entry, HubCache cache, HubFile file, string sha256, CancellationToken cancellation)
    {
        using var hold = BlobLock.TryTake(cache.Root, file.Repository, file.Digest.Hex) ?? throw new IOException($"another program is fetching {file.Name} at the moment");
        var draft = cache.PartialPath(file);
        File.Delete(DownloadJournal.PathOf(draft)); // Of a download that was begun; these bytes are not what it speaks of.
        using var whole = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using var named = file.Digest.Start(file.Size);
        long written = 0;
        await using (var target = new FileStream(draft, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0))
        {
            var buffer = new byte[1 << 20];
            while (entry.DataStream is { } data && written <= file.Size && await data.ReadAsync(buffer, cancellation) is var read and > 0)
            {
                whole.AppendData(buffer, 0, read);
                named.AppendData(buffer, 0, read);
                await target.WriteAsync(buffer.AsMemory(0, read), cancellation);
                written += read;
            }

            target.Flush(flushToDisk: true);
        }

        if (written == file.Size && Convert.ToHexStringLower(whole.GetHashAndReset()) == sha256 && file.Digest.IsResultOf(named))
            return true;
        File.Delete(draft);
        return false;
    }

    private static async Task<byte[]?> SmallAsync(TarReader tar, string name, CancellationToken cancellation)
    {
        if (await tar.GetNextEntryAsync(cancellationToken: cancellation) is not { EntryType: TarEntryType.RegularFile, DataStream: { } data } entry || entry.Name != name || entry.Length > MaxManifestBytes)
            return null;
        var bytes = new byte[entry.Length];
        await data.ReadExactlyAsync(bytes, cancellation);
        return bytes;
    }

    private static Outcome<string> Invalid(string what) => Outcome<string>.Failed($"The bundle is not taken: {what}.", ErrorCodes.BundleInvalid);

    private sealed record Trust(IReadOnlyList<string> Keys, bool AnyKey);
}
