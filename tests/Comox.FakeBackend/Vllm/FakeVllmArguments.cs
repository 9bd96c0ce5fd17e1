using System.Globalization;

namespace Comox.FakeBackend.Vllm;

/// <summary>The arguments of <c>vllm serve</c>, read as argparse reads them: a flag that it does not know, a missing value or one of the wrong type ends it with code 2.</summary>
internal sealed class FakeVllmArguments
{
    private static readonly HashSet<string> Switches = ["--enable-sleep-mode", "--enable-lora", "--enable-prefix-caching", "--enforce-eager", "--trust-remote-code", "--disable-log-requests", "--enable-auto-tool-choice"];

    private static readonly Dictionary<string, Func<string, bool>> Valued = new()
    {
        ["--served-model-name"] = _ => true,
        ["--host"] = _ => true,
        ["--port"] = IsInt,
        ["--max-num-seqs"] = IsInt,
        ["--max-model-len"] = IsInt,
        ["--gpu-memory-utilization"] = IsFloat,
        ["--tensor-parallel-size"] = IsInt,
        ["--shutdown-timeout"] = IsInt,
        ["--max-loras"] = IsInt,
        ["--max-lora-rank"] = IsInt,
        ["--max-cpu-loras"] = IsInt,
        ["--allowed-media-domains"] = _ => true,
        ["--tool-call-parser"] = _ => true,
        ["--reasoning-parser"] = _ => true,
        ["--dtype"] = _ => true,
        ["--api-key"] = _ => true,
    };

    private readonly Dictionary<string, string?> _given = [];

    public string Model { get; private set; } = "";

    public string Name => _given.GetValueOrDefault("--served-model-name") ?? Model;

    public bool Has(string flag) => _given.ContainsKey(flag);

    public string? Text(string flag) => _given.GetValueOrDefault(flag);

    public int Int(string flag, int standard) => Text(flag) is { } text ? int.Parse(text, CultureInfo.InvariantCulture) : standard;

    public double Double(string flag, double standard) => Text(flag) is { } text ? double.Parse(text, CultureInfo.InvariantCulture) : standard;

    /// <returns>Null: they are good; else what argparse would say.</returns>
    public string? Read(string[] args)
    {
        var strangers = new List<string>();
        for (var at = 0; at < args.Length; at++)
        {
            var flag = args[at];
            if (!flag.StartsWith("--", StringComparison.Ordinal))
            {
                if (Model.Length > 0)
                    strangers.Add(flag);
                else
                    Model = flag;
            }
            else if (Switches.Contains(flag))
            {
                _given[flag] = null;
            }
            else if (!Valued.TryGetValue(flag, out var isGood))
            {
                strangers.Add(flag);
            }
            else if (at + 1 >= args.Length)
            {
                return $"argument {flag}: expected one argument";
            }
            else
            {
                var value = args[++at];
                if (!isGood(value))
                    return $"argument {flag}: invalid value: '{value}'";
                _given[flag] = value;
            }
        }

        return strangers.Count == 0 ? null : $"unrecognized arguments: {string.Join(' ', strangers)}";
    }

    private static bool IsInt(string text) => int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _);

    private static bool IsFloat(string text) => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out _);
}
