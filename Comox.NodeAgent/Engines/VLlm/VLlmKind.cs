using System.Globalization;
using Comox.NodeAgent.Adapters;
using Comox.NodeAgent.Engines.Pairing;
using Comox.NodeAgent.Engines.Placement;
using Comox.NodeAgent.Engines.Provisioning;
using Comox.NodeAgent.ModelCache;
using Comox.NodeAgent.SavedSlots;
using Comox.ServiceDefaults.Contracts.Nodes;
using Microsoft.Extensions.Options;

namespace Comox.NodeAgent.Engines.VLlm;

/// <summary>
/// vLLM: safetensors on NVIDIA cards. Flags and variables are those of its documentation (docs.vllm.ai, 0.18 and later); tried with a stand-in that takes
/// nothing else, and not with vLLM itself yet.
/// </summary>
internal sealed class VLlmKind(VLlmProgram program, VLlmSleep sleep, VLlmAdapters adapters, IOptions<NodeAgentOptions> options) : IEngineKind
{
    // Paged memory shares what one request does not need; eight is where a card begins to be worth its power.
    private const int DefaultSlots = 8;

    // How long it may finish what it has begun; the agent lets requests leave before it asks, so this is for those that hang.
    private const int ShutdownSeconds = 4;

    // Older ones refuse to start with a flag that they do not know.
    private static readonly Version FirstWithShutdown = new(0, 18);

    public string Name => EngineKinds.VLlm;
    public string Program => "vllm";
    public string Format => ModelFormats.Safetensors;

    // Beside its own limit, ending its workers takes a while.
    public TimeSpan StopGrace => TimeSpan.FromSeconds(ShutdownSeconds + 6);
    public string CannotUse => "vLLM runs on NVIDIA cards alone here; serve the model's GGUF file with llama.cpp.";
    public IEngineSleep Sleep => sleep;
    public IAdapterUse Adapters => adapters;

    // Its cache of prefixes goes with the process.
    public IEngineSlots? Slots => null;

    public async Task<Outcome<EngineProgram>?> FindAsync(CancellationToken cancellation) => await program.FindAsync(cancellation);

    public Task<Outcome<EngineProgram>> ProvideAsync(ProgressReport report, CancellationToken cancellation) => program.ProvideAsync(report, cancellation);

    public bool CanUse(EngineProgram found, EnginePlace place) => !place.IsHost && place.Cards.All(NodeCards.IsNvidia);

    public string? Refusal(ModelInfo model, IReadOnlyList<GpuStatus> cards) =>
        model is SafetensorsInfo safetensors ? PairingRules.VLlmRefusal(safetensors, cards) : PairingRules.GgufOnVLlm;

    public EngineService Serve(EngineSpec engine, ChosenModel model, IReadOnlyList<ChosenAdapter> chosen)
    {
        var slots = options.Value.Slots ?? DefaultSlots;
        var context = EngineModels.SlotContext(model.Info, options.Value);
        var room = VLlmAdapters.Room(engine, chosen);
        var largest = chosen.Max(adapter => adapter.Info?.SizeBytes) ?? 0;
        return new EngineService(
            model, EngineModels.Describe(model, options.Value, engine.Name), slots, context, VLlmMemory.Estimate(model.Info, slots, context, engine.Cards.Count) + (largest * (room?.AtOnce ?? 0)))
        {
            Adapters = chosen,
            Room = room,
            MaySleep = options.Value.Swapping.Sleep && !engine.IsPinned,
            Parsers = engine.Parsers,
        };
    }

    public LaunchPlan Plan(EngineProgram found, EngineService service, EngineSeat seat)
    {
        var cards = seat.Place.Cards;
        List<string> arguments =
        [
            "serve", service.Chosen.Path,
            "--served-model-name", service.Model.Name,
            "--host", "127.0.0.1",
            "--port", Text(seat.Port),
            "--max-num-seqs", Text(service.Slots),
            "--max-model-len", Text(service.SlotContext),
            "--gpu-memory-utilization", VLlmMemory.Utilization(seat.Bytes, cards).ToString("0.00", CultureInfo.InvariantCulture),
            "--tensor-parallel-size", Text(Math.Max(1, cards.Count)),

            // A client's image_url would have it fetch any address that the machine reaches. None is allowed, and none at all would mean every one; pictures come as data: URLs.
            "--allowed-media-domains", "media.invalid",
        ];
        var environment = new Dictionary<string, string>
        {
            // The index of a card is its place on the bus, for NVML as for CUDA then.
            ["CUDA_DEVICE_ORDER"] = "PCI_BUS_ID",
            ["CUDA_VISIBLE_DEVICES"] = string.Join(',', cards.Select(card => Text(card.Index))),
            ["HF_HUB_OFFLINE"] = "1",
            ["TRANSFORMERS_OFFLINE"] = "1",

            // Its processes rename themselves, and setproctitle writes the name over the variables by which a later agent knows what it has left behind.
            ["SPT_NOENV"] = "1",

            // It tells its makers how it is used, unless told not to.
            ["VLLM_NO_USAGE_STATS"] = "1",
            ["VLLM_MEDIA_URL_ALLOW_REDIRECTS"] = "0",
        };
        if (Version.TryParse(string.Concat(found.Version.TakeWhile(letter => char.IsAsciiDigit(letter) || letter == '.')).TrimEnd('.'), out var version) && version >= FirstWithShutdown)
            arguments.AddRange(["--shutdown-timeout", Text(ShutdownSeconds)]);
        if (service.MaySleep)
        {
            arguments.Add("--enable-sleep-mode");
            environment["VLLM_SERVER_DEV_MODE"] = "1";
        }

        if (service.Room is { } room)
        {
            arguments.AddRange(["--enable-lora", "--max-loras", Text(room.AtOnce), "--max-lora-rank", Text(room.MaxRank), "--max-cpu-loras", Text(room.Held)]);
            environment["VLLM_ALLOW_RUNTIME_LORA_UPDATING"] = "True";
        }

        if (service.Parsers.Tools is { } tools)
            arguments.AddRange(["--enable-auto-tool-choice", "--tool-call-parser", tools]);
        if (service.Parsers.Reasoning is { } reasoning)
            arguments.AddRange(["--reasoning-parser", reasoning]);
        return new LaunchPlan(found.Path, arguments, seat.Port) { Environment = environment, KeyVariable = "VLLM_API_KEY" };
    }

    public EngineDeath Explain(int exitCode, bool wasReady, IReadOnlyList<string> lines) => VLlmWords.Explain(exitCode, wasReady, lines);

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
