using System.Formats.Tar;
using System.Security.Cryptography;
using System.Text.Json;
using Comox.NodeAgent.Downloads;
using Comox.ServiceDefaults;
using Comox.ServiceDefaults.Contracts.Nodes;
using Comox.ServiceDefaults.Contracts.OpenAI;

namespace Comox.NodeAgent.ModelCache.Bundles;

/// <summary>Puts a model of the cache into a file that can be carried to a machine without a network.</summary>
internal sealed class BundleExport(ModelCaches caches, ComoxHome home, TimeProvider time)
{
    /// <param name="wanted">Of the cache.</param>
    /// <param name="target">The file to write; appears when it is whole.</param>
    /// <param name="keyFile">The key to sign with; null: this installation's own.</param>
    /// <param name="report">Told how far it is.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <returns>The public key that the other side has to trust.</returns>
    public async Task<Outcome<string>> RunAsync(ModelReference.OnHub wanted, string target, string? keyFile, ProgressReport report, CancellationToken cancellation)
    {
        if (caches.Describe(wanted.Repository) is not { } found || ModelSelection.Choose([.. found.Files.Select(file => file.Name)], wanted.Selector) is not { Count: > 0 } names)
            return Outcome<string>.Failed($"{wanted} is not in the model cache. Fetch it first: fetch {wanted}", ErrorCodes.BlobNotFound);
        if (Missing(wanted, found, names) is [var first, .. var more])
        {
            return Outcome<string>.Failed(
                $"{wanted} is not whole in the model cache: it lacks {first}{(more.Length > 0 ? $" and {more.Length} more of its files" : "")}. Fetch the rest first: fetch {wanted}",
                ErrorCodes.BlobNotFound);
        }

        using var key = BundleKeys.Open(home, keyFile);
        if (key is null)
            return Outcome<string>.Failed($"The file {keyFile} holds no key: it must be the base64 of the 32 bytes of an Ed25519 key.", ErrorCodes.BundleUntrusted);

        var chosen = found.Files.Where(file => names.Contains(file.Name)).ToList();
        var files = new List<BundleFile>();
        foreach (var file in chosen)
        {
            report($"Reading {file.Name}", (double)files.Count / chosen.Count);
            var hash = await HashAsync(PathOf(file.Blob), cancellation);
            if (file.Blob.Length == hash.Length && file.Blob != hash)
                return Outcome<string>.Failed($"The copy of {file.Name} in the cache is damaged. Delete {PathOf(file.Blob)} and fetch it again.", ErrorCodes.DownloadCorrupt);
            files.Add(new BundleFile(file.Name, file.SizeBytes, hash, file.Blob));
        }

        var manifest = JsonSerializer.SerializeToUtf8Bytes(
            new BundleManifest { Format = BundleManifest.KnownFormat, Repository = wanted.Repository, Commit = found.Commit, MadeAt = time.GetUtcNow(), Files = files },
            BundleJson.Default.BundleManifest);
        await using (var file = new FileStream(target + ".new", FileMode.Create, FileAccess.Write))
        {
            await using (var tar = new TarWriter(file, TarEntryFormat.Pax, leaveOpen: true))
            {
                await AddAsync(tar, BundleManifest.EntryName, new MemoryStream(manifest), cancellation);
                await AddAsync(tar, BundleManifest.SignatureName, new MemoryStream(JsonSerializer.SerializeToUtf8Bytes(BundleKeys.Seal(key, manifest), BundleJson.Default.BundleSeal)), cancellation);
                foreach (var blob in files.Select(one => one.Blob).Distinct())
                {
                    report($"Writing {target}", (double)file.Position / Math.Max(1, files.Sum(one => one.Size)));
                    await AddAsync(tar, BundleManifest.EntryOf(blob), File.OpenRead(PathOf(blob)), cancellation);
                }
            }

            file.Flush(flushToDisk: true);
        }

        File.Move(target + ".new", target, overwrite: true);
        return Outcome<string>.Of(BundleKeys.PublicOf(key));
    }

    // A download that was broken off has left what it had, and a bundle of that would be found out where nothing can be fetched any more.
    private string[] Missing(ModelReference.OnHub wanted, CachedRepository found, IReadOnlyList<string> names)
    {
        if (names is [var only] && only.Equals(wanted.Selector, StringComparison.OrdinalIgnoreCase))
            return []; // One part by its name is what was asked for: some carry a large model in several bundles.
        var index = found.Files.FirstOrDefault(file => file.Name == Safetensors.IndexName && names.Contains(file.Name));
        try
        {
            return [.. ModelSelection.Missing(names, index is null ? [] : Safetensors.Indexed(PathOf(index.Blob)))];
        }
        catch (Exception damaged) when (Safetensors.IsDamage(damaged))
        {
            return [$"{Safetensors.IndexName} undamaged (delete {PathOf(index!.Blob)})"]; // Fetching leaves alone what has the right length.
        }
    }

    private string PathOf(string blob) => caches.FindBlob(ContentDigest.Parse(blob)!)!;

    private async Task AddAsync(TarWriter tar, string name, Stream content, CancellationToken cancellation)
    {
        await using (content)
            await tar.WriteEntryAsync(new PaxTarEntry(TarEntryType.RegularFile, name) { DataStream = content, ModificationTime = time.GetUtcNow() }, cancellation);
    }

    private static async Task<string> HashAsync(string path, CancellationToken cancellation)
    {
        await using var file = File.OpenRead(path);
        return Convert.ToHexStringLower(await SHA256.HashDataAsync(file, cancellation));
    }
}
