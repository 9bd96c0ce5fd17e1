using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Comox.NodeAgent.Downloads;

/// <summary>
/// What a file must hash to: SHA-256 (64 hex digits), which the hub gives for weights, or git's SHA-1 of <c>"blob SIZE\0"</c> and the content
/// (40 hex digits), which it gives for small files. It is the name of the blob in Hugging Face's cache, too.
/// </summary>
internal sealed record ContentDigest
{
    private ContentDigest(string hex) => Hex = hex;

    /// <summary>In lower case.</summary>
    public string Hex { get; }

    public bool IsSha256 => Hex.Length == 64;

    public static ContentDigest? Parse(string? text) =>
        text is { Length: 64 or 40 } && text.All(char.IsAsciiHexDigit) ? new ContentDigest(text.ToLowerInvariant()) : null;

    /// <param name="size">The length of the whole content; git hashes it first.</param>
    public IncrementalHash Start(long size)
    {
        if (IsSha256)
            return IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
#pragma warning disable CA5350 // Git's name for the content, not a proof of who wrote it; whoever controls the hub controls the name.
        var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA1);
#pragma warning restore CA5350
        hash.AppendData(Encoding.ASCII.GetBytes($"blob {size.ToString(CultureInfo.InvariantCulture)}\0"));
        return hash;
    }

    /// <summary>Whether <paramref name="hash"/>, from <see cref="Start"/> and fed with the content, gives this.</summary>
    public bool IsResultOf(IncrementalHash hash) => Convert.ToHexStringLower(hash.GetHashAndReset()) == Hex;

    public override string ToString() => Hex;
}
