using Comox.ServiceDefaults;
using NSec.Cryptography;

namespace Comox.NodeAgent.ModelCache.Bundles;

/// <summary>Ed25519 keys: a private one is a file with the base64 of its 32 bytes, a public one is the base64 of its 32 bytes. .NET itself has no Ed25519.</summary>
internal static class BundleKeys
{
    private const string FileName = "bundle.key";
    private static readonly SignatureAlgorithm Algorithm = SignatureAlgorithm.Ed25519;

    /// <param name="home">Has the key that is used where none is named; made when missing.</param>
    /// <param name="file">A key's file, or null.</param>
    /// <returns>Null: the file holds none.</returns>
    public static Key? Open(ComoxHome home, string? file)
    {
        var path = file ?? home.FilePath(FileName);
        if (file is null && !File.Exists(path))
        {
            using var made = Key.Create(Algorithm, new KeyCreationParameters { ExportPolicy = KeyExportPolicies.AllowPlaintextExport });
            home.WriteSecret(FileName, Convert.ToBase64String(made.Export(KeyBlobFormat.RawPrivateKey)));
        }

        return Bytes(File.ReadAllText(path)) is { } bytes && Key.TryImport(Algorithm, bytes, KeyBlobFormat.RawPrivateKey, out var key) ? key : null;
    }

    /// <returns>The public half of the key that is used where none is named, in base64; null: none was made yet.</returns>
    public static string? OwnPublic(ComoxHome home)
    {
        if (!File.Exists(home.FilePath(FileName)))
            return null;
        using var key = Open(home, file: null);
        return key is null ? null : PublicOf(key);
    }

    public static string PublicOf(Key key) => Convert.ToBase64String(key.Export(KeyBlobFormat.RawPublicKey));

    public static bool IsPublicKey(string text) => Bytes(text) is { } bytes && PublicKey.TryImport(Algorithm, bytes, KeyBlobFormat.RawPublicKey, out _);

    public static BundleSeal Seal(Key key, byte[] manifest) => new(PublicOf(key), Convert.ToBase64String(Algorithm.Sign(key, Signed(manifest))));

    public static bool IsSealOf(BundleSeal seal, byte[] manifest) =>
        Bytes(seal.Key) is { } key && PublicKey.TryImport(Algorithm, key, KeyBlobFormat.RawPublicKey, out var known) && known is not null
        && Bytes(seal.Signature) is { } signature && Algorithm.Verify(known, Signed(manifest), signature);

    // A signature of the same key for something else is then none of a bundle.
    private static byte[] Signed(byte[] manifest) => [.. "comox-bundle 1\n"u8, .. manifest];

    private static byte[]? Bytes(string base64)
    {
        var bytes = new byte[base64.Length];
        return Convert.TryFromBase64String(base64.Trim(), bytes, out var count) ? bytes[..count] : null;
    }
}
