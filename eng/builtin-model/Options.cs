using System.Globalization;

namespace Comox.BuiltInModel;

/// <summary>What stands after the verb: <c>--name value</c>, or <c>--name</c> alone for a switch. A name may come more than once.</summary>
internal sealed class Options
{
    private readonly Dictionary<string, List<string>> _values = [];
    private readonly HashSet<string> _asked = [];

    public Options(IEnumerable<string> arguments)
    {
        List<string>? last = null;
        foreach (var argument in arguments)
        {
            if (argument.StartsWith("--", StringComparison.Ordinal))
                _values[argument[2..]] = last = _values.GetValueOrDefault(argument[2..]) ?? [];
            else
                (last ?? throw new UsageException($"'{argument}' stands after no option.")).Add(argument);
        }
    }

    public bool Has(string name) => _asked.Add(name) | true && _values.ContainsKey(name);

    public IReadOnlyList<string> All(string name) =>
        Has(name) && _values[name].Count > 0 ? _values[name] : throw new UsageException($"--{name} is missing.");

    public string Text(string name) => All(name)[^1];

    public string Text(string name, string otherwise) => Has(name) ? Text(name) : otherwise;

    public int Number(string name, int otherwise) => (int)Real(name, otherwise);

    public double Real(string name, double otherwise) =>
        !Has(name) ? otherwise
        : double.TryParse(Text(name), NumberStyles.Float, CultureInfo.InvariantCulture, out var value) ? value
        : throw new UsageException($"--{name} must be a number, not '{Text(name)}'.");

    /// <summary>To be called once all were read: an option that nothing asked for is a typing error.</summary>
    public void NoOthers()
    {
        if (_values.Keys.FirstOrDefault(name => !_asked.Contains(name)) is { } unknown)
            throw new UsageException($"--{unknown} is not known here.");
    }
}

/// <summary>The message is for the person at the terminal.</summary>
internal sealed class UsageException(string message) : Exception(message);
