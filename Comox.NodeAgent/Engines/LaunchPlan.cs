using System.Globalization;
using Comox.NodeAgent.ModelCache;

namespace Comox.NodeAgent.Engines;

/// <summary>One start of an engine, as data.</summary>
/// <param name="Program">The executable, absolute.</param>
/// <param name="Arguments">Without the executable. Never a secret: every user of the machine can read them.</param>
/// <param name="Port">Where it will listen on 127.0.0.1.</param>
internal sealed record LaunchPlan(string Program, IReadOnlyList<string> Arguments, int Port)
{
    /// <summary>
    /// Variables an engine does not inherit: its own settings (the arguments are to be the whole truth) and our secrets (it needs none of them).
    /// </summary>
    public static bool IsWithheld(string variable) =>
        variable.StartsWith("LLAMA_", StringComparison.OrdinalIgnoreCase)
        || variable.StartsWith("Comox", StringComparison.OrdinalIgnoreCase)
        || variable.StartsWith("ConnectionStrings__", StringComparison.OrdinalIgnoreCase)
        || variable.StartsWith("services__", StringComparison.OrdinalIgnoreCase)
        || variable.StartsWith("HF_", StringComparison.OrdinalIgnoreCase);
}

/// <summary>What a llama-server is to serve.</summary>
/// <param name="ModelPath">The GGUF file.</param>
/// <param name="ModelName">What it answers to.</param>
/// <param name="Slots">Requests at once.</param>
/// <param name="SlotContext">Tokens of each.</param>
/// <param name="Threads">Of the computation.</param>
/// <param name="KeyFile">Holds the key that callers must send.</param>
internal sealed record LlamaCppService(string ModelPath, string ModelName, int Slots, int SlotContext, int Threads, string KeyFile);

/// <summary>Service → command line. The flags were tried with llama.cpp 0.7.0 (b11669).</summary>
internal static class LlamaCppLaunch
{
    public static LaunchPlan Plan(string program, LlamaCppService service, int port) =>
        new(
            program,
            [
                "--model", service.ModelPath,
                "--alias", service.ModelName,
                "--host", "127.0.0.1",
                "--port", Text(port),

                // Both, so that each slot has its own part of the context: with the shared pool one overflow ends every running stream.
                "--parallel", Text(service.Slots),
                "--ctx-size", Text(service.Slots * service.SlotContext),

                "--threads", Text(service.Threads),
                "--metrics",
                "--slots",
                "--api-key-file", service.KeyFile,

                // A streaming thread notices a stop only when it wakes; its default of 30 s would be the time a stop takes.
                "--sse-ping-interval", "2",

                // The host prompt cache would take 8 GiB by default.
                "--cache-ram", "512",
                "--no-ui",
                "--offline",
            ],
            port);

    /// <summary>What an engine is to serve, of its model and the settings.</summary>
    public static LlamaCppService Service(EngineSpec engine, ChosenModel model, NodeAgentOptions options, string keyFile) => new(
        model.Path,
        EngineModels.Describe(model, options, engine.Name).Name,
        Slots(options, model.Info.Parameters),
        EngineModels.SlotContext(model.Info, options),
        Threads(options, Environment.ProcessorCount),
        keyFile);

    /// <summary>Requests at once: more than a few large ones make a CPU slow for all of them.</summary>
    public static int Slots(NodeAgentOptions options, long parameters) => options.Slots ?? (parameters < 100_000_000 ? 4 : 2);

    public static int Threads(NodeAgentOptions options, int cores) => options.Threads ?? Math.Max(1, cores);

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
