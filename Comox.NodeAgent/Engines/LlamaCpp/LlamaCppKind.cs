using System.Globalization;
using Comox.NodeAgent.Adapters;
using Comox.NodeAgent.Engines.Pairing;
using Comox.NodeAgent.Engines.Placement;
using Comox.NodeAgent.Engines.Provisioning;
using Comox.NodeAgent.ModelCache;
using Comox.NodeAgent.SavedSlots;
using Comox.ServiceDefaults.Contracts.Nodes;
using Microsoft.Extensions.Options;

namespace Comox.NodeAgent.Engines.LlamaCpp;

/// <summary>llama.cpp's server: GGUF files, on anything. The flags were tried with llama.cpp 0.7.0 (b11669).</summary>
internal sealed class LlamaCppKind(
    EngineProvisioner provisioner, NodeCards cards, BuildHardwareReader hardware, LlamaCppSlots slots, IOptions<NodeAgentOptions> options, TimeProvider time) : IEngineKind
{
    private IReadOnlyList<GpuStatus> _cards = [];

    public string Name => EngineKinds.LlamaCpp;
    public string Program => "llama-server";
    public string Format => ModelFormats.Gguf;
    public string CannotUse => "Name a llama-server that is built for the card in Comox:NodeAgent:EnginePath, or take Cards away.";

    // Its own sleep ends the model, and nothing wakes it but a request.
    public IEngineSleep? Sleep => null;

    public IAdapterUse Adapters { get; } = new LlamaCppAdapters();
    public IEngineSlots Slots => slots;

    // A stream that runs sees the stop at its next ping, 2 s at most.
    public TimeSpan StopGrace => TimeSpan.FromSeconds(4);

    public async Task<Outcome<EngineProgram>?> FindAsync(CancellationToken cancellation) =>
        await provisioner.FindAsync(cancellation) is { } found ? await WithDevicesAsync(found, cancellation) : null;

    public async Task<Outcome<EngineProgram>> ProvideAsync(ProgressReport report, CancellationToken cancellation) =>
        await WithDevicesAsync(await provisioner.ProvideAsync(report, cancellation), cancellation);

    public bool CanUse(EngineProgram program, EnginePlace place) => place.IsHost || LlamaCppDevices.Choose(program.Devices, place.Cards, _cards) is not null;

    public string? Refusal(ModelInfo model, IReadOnlyList<GpuStatus> cards) => 
        model is not GgufInfo gguf ? PairingRules.SafetensorsOnLlamaCpp : gguf.IsAdapter ? "It is an adapter and no model of its own. Name it in the Adapters of its model." : null;

    public EngineService Serve(EngineSpec engine, ChosenModel model, IReadOnlyList<ChosenAdapter> adapters)
    {
        var parallel = SlotsFor(options.Value, model.Info.Parameters);
        var context = EngineModels.SlotContext(model.Info, options.Value);
        return new EngineService(
            model, EngineModels.Describe(model, options.Value, engine.Name), parallel, context, LlamaCppMemory.Estimate(model.Info, parallel, context) + adapters.Sum(adapter => adapter.Info?.SizeBytes ?? 0))
        {
            Adapters = adapters,
        };
    }

    public LaunchPlan Plan(EngineProgram program, EngineService service, EngineSeat seat)
    {
        var cards = LlamaCppDevices.Choose(program.Devices, seat.Place.Cards, _cards);
        return new LaunchPlan(
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

                // With a limit, because its host prompt cache would take 8 GiB by default.
                .. LlamaCppAdapters.Arguments(service.LaunchedAdapters),
                .. seat.SlotFolder is { } folder ? ["--slot-save-path", folder] : (IEnumerable<string>)[],
                "--no-ui",
                "--offline",

                // One that could use a card and is to leave it alone has to be told so.
                .. cards is not null ? ["--device", cards.Devices, "--n-gpu-layers", "999"] : program.Devices.Count > 0 ? ["--device", "none"] : (IEnumerable<string>)[],
            ],
            seat.Port)
        {
            Environment = cards?.Environment ?? new Dictionary<string, string>(),
        };
    }

    public EngineDeath Explain(int exitCode, bool wasReady, IReadOnlyList<string> lines) => LlamaCppWords.Explain(exitCode, wasReady, lines);

    // Where there is no card, nobody asks which of them it can use.
    private async Task<Outcome<EngineProgram>> WithDevicesAsync(Outcome<EngineProgram> found, CancellationToken cancellation)
    {
        _cards = await cards.AtStartAsync(cancellation);
        if (!found.IsSuccess || _cards.Count == 0)
            return found;
        var devices = await LlamaCppDevices.ListAsync(found.Value.Path, time, cancellation);
        return Outcome<EngineProgram>.Of(found.Value with { Devices = devices, Notice = LlamaCppBuilds.Notice(await hardware.ReadAsync(cancellation), devices) });
    }

    /// <summary>Requests at once: more than a few large ones make a CPU slow for all of them.</summary>
    private static int SlotsFor(NodeAgentOptions options, long parameters) => options.Slots ?? (parameters < 100_000_000 ? 4 : 2);

    private static int Threads(NodeAgentOptions options, int cores) => options.Threads ?? Math.Max(1, cores);

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
