using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Comox.Memory.Vectors.Qdrant;

/// <summary>How our names become Qdrant's.</summary>
internal static class QdrantNames
{
    /// <summary>The namespace of our points' ids; never change it: points would be stored a second time.</summary>
    private static readonly Guid PointNamespace = new("6f1b1d0e-5c1c-4d5e-9a44-63e5a3f0c0d1");

    /// <summary>
    /// <c>comox-nomic-embed-text-v1.5-768-3f2a9c01</c>: for a person to recognise; the digest of the whole model name keeps apart what looks the same here.
    /// </summary>
    public static string CollectionOf(string prefix, VectorSpace space)
    {
        var readable = string.Concat(space.Model.Take(60).Select(letter => char.IsAsciiLetterOrDigit(letter) || letter is '.' or '_' ? char.ToLowerInvariant(letter) : '-'));
        var digest = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(space.Model)).AsSpan(0, 4));
        return string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{prefix}-{readable}-{space.Dimension}-{digest}");
    }

    /// <summary>
    /// Qdrant's ids are unsigned integers or UUIDs, one set for all tenants of a collection. Ours is a version 5 UUID of the subject and the id, so that one person's point
    /// cannot replace another's.
    /// </summary>
    public static Guid PointOf(string subject, string id) => Version5(PointNamespace, $"{subject}\0{id}");

    /// <summary>RFC 9562, section 5.5: SHA-1 of the namespace in network order and the name, its first 16 bytes with version and variant set.</summary>
    internal static Guid Version5(Guid space, string name)
    {
        var text = Encoding.UTF8.GetBytes(name);
        var input = new byte[16 + text.Length];
        space.TryWriteBytes(input, bigEndian: true, out _);
        text.CopyTo(input, 16);
        // Not for secrecy: the standard says SHA-1.
        Span<byte> hash = stackalloc byte[SHA1.HashSizeInBytes];
        SHA1.HashData(input, hash);
        var seventh = BinaryPrimitives.ReadUInt16BigEndian(hash[6..]);
        BinaryPrimitives.WriteUInt16BigEndian(hash[6..], (ushort)((seventh & 0x0FFF) | 0x5000));
        hash[8] = (byte)((hash[8] & 0x3F) | 0x80);
        return new Guid(hash[..16], bigEndian: true);
    }
}
