using Microsoft.Extensions.Options;

namespace Comox.Gateway.Routing;

/// <summary>
/// Finds settings that do not exist. The binder passes over them without a word, so a limit that is misspelt is a limit that is not there; therefore they keep the gateway from
/// starting, and a change that has one is refused as every other fault is. Only what is under <c>Comox:Gateway</c> is looked at, wherever it comes from.
/// </summary>
internal sealed class UnknownSettings(IConfiguration configuration) : IValidateOptions<UnknownSettings.AtStart>
{
    private static readonly Level Root = Level.Of(KnownSettings.Paths);

    /// <summary>At start, together with the faults of all other settings.</summary>
    public ValidateOptionsResult Validate(string? name, AtStart options)
    {
        string[] faults = [.. FaultsOf(configuration)];
        return faults.Length == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(faults);
    }

    /// <summary>One fault for each, naming the nearest that exists; never a value, which may be a secret.</summary>
    public static IEnumerable<string> FaultsOf(IConfiguration configuration) => FaultsOf(configuration.GetSection(GatewayOptions.Section), Root);

    private static IEnumerable<string> FaultsOf(IConfigurationSection section, Level level)
    {
        foreach (var child in section.GetChildren())
        {
            if (level.Find(child.Key) is not { } known)
                yield return $"{child.Path} is no setting; the nearest one is {section.Path}:{level.NearestTo(child.Key)}.";
            else if (known.IsSetting && child.GetChildren().FirstOrDefault() is { } below)
                yield return $"{below.Path} is no setting: {child.Path} is one by itself.";
            else if (!known.IsSetting && !string.IsNullOrEmpty(child.Value))
                yield return $"{child.Path} is no setting but holds some, such as {child.Path}:{known.NearestTo("")}.";
            else
            {
                foreach (var fault in FaultsOf(child, known))
                    yield return fault;
            }
        }
    }

    /// <summary>Stands for the question, as options are what is validated at start; changes are looked at by <see cref="LiveSettings"/>.</summary>
    internal sealed class AtStart;

    /// <summary>What may stand at one place.</summary>
    private sealed class Level
    {
        private const string FirstEntry = "0";

        private readonly SortedDictionary<string, Level> _below = new(StringComparer.OrdinalIgnoreCase);

        public bool IsSetting => _below.Count == 0;

        public static Level Of(IEnumerable<string> paths)
        {
            var root = new Level();
            foreach (var path in paths)
            {
                var at = root;
                foreach (var key in path.Split(':'))
                    at = at._below.TryGetValue(key, out var next) ? next : at._below[key] = new Level();
            }

            return root;
        }

        // The binder takes any name for an entry, and environment variables can number them in any way.
        public Level? Find(string key) => _below.GetValueOrDefault(key) ?? _below.GetValueOrDefault(KnownSettings.Entry);

        /// <summary>The name here that is fewest letters away; one that stands deeper only if nothing here is near and it is the very same.</summary>
        public string NearestTo(string key)
        {
            if (Deeper(key) is { } same && _below.Keys.Min(known => Distance(known, key)) > Math.Max(2, key.Length / 3))
                return same;
            return _below.Keys.MinBy(known => Distance(known, key)) is { } nearest and not KnownSettings.Entry ? nearest : FirstEntry;
        }

        private string? Deeper(string key)
        {
            foreach (var (name, level) in _below)
            {
                if ((level._below.ContainsKey(key) ? key : level.Deeper(key)) is { } found)
                    return $"{(name == KnownSettings.Entry ? FirstEntry : name)}:{found}";
            }

            return null;
        }

        /// <summary>Letters to add, to take away or to change: https://en.wikipedia.org/wiki/Levenshtein_distance.</summary>
        private static int Distance(string left, string right)
        {
            var row = new int[right.Length + 1];
            for (var at = 0; at <= right.Length; at++)
                row[at] = at;
            for (var i = 1; i <= left.Length; i++)
            {
                var diagonal = row[0];
                row[0] = i;
                for (var j = 1; j <= right.Length; j++)
                {
                    var changed = diagonal + (char.ToUpperInvariant(left[i - 1]) == char.ToUpperInvariant(right[j - 1]) ? 0 : 1);
                    diagonal = row[j];
                    row[j] = Math.Min(changed, Math.Min(row[j], row[j - 1]) + 1);
                }
            }

            return row[right.Length];
        }
    }
}
