using System.Security.Cryptography;
using Microsoft.Extensions.Options;

namespace Comox.ServiceDefaults;

/// <summary>Answers whether something is the admin key, without giving the key away.</summary>
public sealed class AdminKeyCheck
{
    private readonly ServiceKeys _keys;

    internal AdminKeyCheck(IOptions<ServiceKeys> keys) => _keys = keys.Value;

    public bool Matches(string given) => _keys.IsAdmin(given);

    /// <summary>Changes when the key changes: a sign-in that carries an older stamp is over. Not the key, and of no use to get at it.</summary>
    public string Stamp => _keys.Admin.Length == 0 ? "" : Convert.ToHexString(SHA256.HashData(ServiceKeys.Digest(_keys.Admin)), 0, 8);
}
