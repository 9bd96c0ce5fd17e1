using System.Diagnostics;

namespace Comox.NodeAgent.Engines;

/// <summary>One start of an engine, as data.</summary>
/// <param name="Program">The executable, absolute.</param>
/// <param name="Arguments">Without the executable. Never a secret: every user of the machine can read them.</param>
/// <param name="Port">Where it will listen on 127.0.0.1.</param>
internal sealed record LaunchPlan(string Program, IReadOnlyList<string> Arguments, int Port)
{
    /// <summary>Variables it gets beside those it inherits. Never a secret: the plan is shown to people.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    /// <summary>The variable in which it is given its key; null: it reads the key from a file.</summary>
    public string? KeyVariable { get; init; }

    /// <summary>An engine's program started for whatever reason: to serve, or to say what it is.</summary>
    public static ProcessStartInfo WithoutSecrets(ProcessStartInfo start)
    {
        foreach (var variable in start.Environment.Keys.Where(IsWithheld).ToList())
            start.Environment.Remove(variable);
        return start;
    }

    /// <summary>
    /// Variables an engine does not inherit: its own settings (the plan is to be the whole truth) and our secrets (it needs none of them), by whatever name we are
    /// given them: the bucket's key by the AWS SDK's, the collector's by OpenTelemetry's, the certificate's password by ASP.NET's.
    /// </summary>
    public static bool IsWithheld(string variable) =>
        variable.StartsWith("LLAMA_", StringComparison.OrdinalIgnoreCase)
        || variable.StartsWith("VLLM_", StringComparison.OrdinalIgnoreCase)
        || variable.StartsWith("Comox", StringComparison.OrdinalIgnoreCase)
        || variable.StartsWith("ConnectionStrings__", StringComparison.OrdinalIgnoreCase)
        || variable.StartsWith("services__", StringComparison.OrdinalIgnoreCase)
        || variable.StartsWith("HF_", StringComparison.OrdinalIgnoreCase)
        || variable.StartsWith("AWS_", StringComparison.OrdinalIgnoreCase)
        || variable.StartsWith("ASPNETCORE_", StringComparison.OrdinalIgnoreCase)
        || variable.StartsWith("Kestrel__", StringComparison.OrdinalIgnoreCase)
        || (variable.StartsWith("OTEL_", StringComparison.OrdinalIgnoreCase) && variable.EndsWith("_HEADERS", StringComparison.OrdinalIgnoreCase));
}
