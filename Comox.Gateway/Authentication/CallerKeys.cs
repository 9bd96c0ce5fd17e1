using System.Collections.Frozen;
using System.Security.Cryptography;
using System.Text;
using Comox.ServiceDefaults;

namespace Comox.Gateway.Authentication;

/// <summary>One entry of <c>Comox:Gateway:Keys</c>.</summary>
internal sealed record KeyOptions
{
    /// <summary>The caller's name: in metrics and logs, and the subject of its conversations.</summary>
    public string Name { get; set; } = "";

    /// <summary>A secret.</summary>
    public string Key { get; set; } = "";
}

/// <summary>Keys that may use the inference APIs and nothing else. Kept as digests: looking one up tells nothing by its time, and a memory dump holds no key.</summary>
internal sealed class CallerKeys(IReadOnlyList<KeyOptions> keys)
{
    private const int ShortestKey = 16;

    private readonly FrozenDictionary<Digest, string> _names = keys.ToFrozenDictionary(key => Digest.Of(key.Key), key => key.Name);

    public static CallerKeys None { get; } = new([]);

    /// <summary>In the order of the settings.</summary>
    public IReadOnlyList<string> Names { get; } = [.. keys.Select(key => key.Name)];

    public string? CallerOf(string key) => _names.Count == 0 ? null : _names.GetValueOrDefault(Digest.Of(key));

    public static IEnumerable<string> FaultsOf(IReadOnlyList<KeyOptions> keys, string section)
    {
        for (var i = 0; i < keys.Count; i++)
        {
            if (string.IsNullOrWhiteSpace(keys[i].Name) || keys[i].Name.Length > 100)
                yield return $"{section}:{i}:Name must name the caller, in at most 100 characters.";
            else if (keys[i].Name is ServiceAuthentication.AdminCaller or ServiceAuthentication.ServiceCaller)
                yield return $"{section}:{i}:Name must not be '{keys[i].Name}', which is a caller of Comox's own.";
            else if (keys[i].Name.Contains(':', StringComparison.Ordinal))
                yield return $"{section}:{i}:Name must have no ':', which stands between the caller and the people it names.";
            if (keys[i].Key.Length < ShortestKey)
                yield return $"{section}:{i}:Key must have at least {ShortestKey} characters.";
            else if (!HeaderText.CanCarry(keys[i].Key))
                yield return $"{section}:{i}:Key {HeaderText.Fault} No client could send it.";
            else if (keys.Take(i).Any(other => other.Key == keys[i].Key))
                yield return $"{section}:{i}:Key is also the key of another caller.";
        }
    }

    private readonly record struct Digest(ulong A, ulong B, ulong C, ulong D)
    {
        public static Digest Of(string key)
        {
            Span<byte> utf8 = stackalloc byte[512];
            Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
            SHA256.HashData(Encoding.UTF8.TryGetBytes(key, utf8, out var length) ? utf8[..length] : Encoding.UTF8.GetBytes(key), hash);
            return new Digest(BitConverter.ToUInt64(hash), BitConverter.ToUInt64(hash[8..]), BitConverter.ToUInt64(hash[16..]), BitConverter.ToUInt64(hash[24..]));
        }
    }
}
