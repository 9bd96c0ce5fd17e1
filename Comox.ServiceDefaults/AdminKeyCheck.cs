using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Options;

namespace Comox.ServiceDefaults;

/// <summary>Answers whether something is the admin key, without giving the key away.</summary>
public sealed class AdminKeyCheck
{
    private readonly byte[]? _digest;

    internal AdminKeyCheck(IOptions<ServiceKeys> keys) =>
        _digest = keys.Value.Admin is { Length: > 0 } admin ? SHA256.HashData(Encoding.UTF8.GetBytes(admin)) : null;

    /// <summary>Digests have one length, so neither the key's length nor its matching prefix can be timed.</summary>
    public bool Matches(string given) => _digest is not null && CryptographicOperations.FixedTimeEquals(SHA256.HashData(Encoding.UTF8.GetBytes(given)), _digest);

    /// <summary>Changes when the key changes: a sign-in that carries an older stamp is over. Not the key, and of no use to get at it.</summary>
    public string Stamp => _digest is null ? "" : Convert.ToHexString(SHA256.HashData(_digest), 0, 8);
}
