using System.Globalization;
using Comox.NodeAgent.Engines.Provisioning;
using Comox.NodeAgent.ModelCache;
using Microsoft.Extensions.Options;

namespace Comox.NodeAgent.Engines.LlamaCpp;

/// <summary>llama.cpp's server: GGUF files, on anything. The flags were tried with llama.cpp 0.7.0 (b11669).</summary>
internal sealed class LlamaCppKind(EngineProvisioner provisioner, IOptions<NodeAgentOptions> options) : IEngineKind
{
    public string Name => EngineKinds.LlamaCpp;
    public string Program => "llama-server";

    // A stream that runs sees the stop at its next ping, 2 s at most.
    public TimeSpan StopGrace => TimeSpan.FromSeconds(4);

    public Task<Outcome<EngineProgram>?> FindAsync(CancellationToken cancellation) => provisioner.FindAsync(cancellation);

    public Task<Outcome<EngineProgram>> ProvideAsync(ProgressReport report, CancellationToken cancellation) => provisioner.ProvideAsync(report, cancellation);

    public EngineService Serve(EngineSpec engine, ChosenModel model)
    {
        var slots = Slots(options.Value, model.Info.Parameters);
        var context = EngineModels.SlotContext(model.Info, options.Value);
        return new EngineService(model, EngineModels.Describe(model, options.Value, engine.Name), slots, context, LlamaCppMemory.Estimate(model.Info, slots, context), engine.Adapters);
    }

    public LaunchPlan Plan(EngineProgram program, EngineService service, EngineSeat seat) =>
        new(
            program.Path,
            [
                "--model", service.Chosen.Path,
                "--alias", service.Model.Name,
                "--host", "127.0.0.1",
                "--port", Text(seat.Port),

                // Both, so that each slot has its own part of the context: with the shared pool one overflow ends every running stream.
                "--parallel", Text(service.Slots),
                "--ctx-size", Text(service.Slots * service.SlotContext),

                "--threads", Text(Threads(options.Value, Environment.ProcessorCount)),
                "--metrics",
                "--slots",
                "--api-key-file", seat.KeyFile,

                // A streaming thread notices a stop only when it wakes; its default of 30 s would be the time a stop takes.
                "--sse-ping-interval", "2",

                // The host prompt cache would take 8 GiB by default.
                "--cache-ram", "512",
                "--no-ui",
                "--offline",
            ],
            seat.Port);

    public EngineDeath Explain(int exitCode, bool wasReady, IReadOnlyList<string> lines) => LlamaCppWords.Explain(exitCode, wasReady, lines);

    /// <summary>Requests at once: more than a few large ones make a CPU slow for all of them.</summary>
    private static int Slots(NodeAgentOptions options, long parameters) => options.Slots ?? (parameters < 100_000_000 ? 4 : 2);

    private static int Threads(NodeAgentOptions options, int cores) => options.Threads ?? Math.Max(1, cores);

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
