using Comox.NodeAgent.Engines;
using Comox.NodeAgent.Health.Engines;
using Comox.NodeAgent.ModelCache;
using Comox.NodeAgent.SavedSlots;
using Comox.NodeAgent.Swapping;

namespace Comox.NodeAgent;

/// <summary>Section <c>Comox:NodeAgent</c>. Everything has a default: an empty section gives a chat engine on the CPU.</summary>
internal sealed class NodeAgentOptions
{
    public const string Section = "Comox:NodeAgent";

    /// <summary>The node's name in the fleet.</summary>
    public string Name { get; set; } = Environment.MachineName;

    /// <summary>Base addresses of the gateways to register at; empty: they know where this agent is.</summary>
    public IReadOnlyList<string> Gateways { get; set; } = [];

    /// <summary>This agent's base address as those gateways reach it: <c>http://gpu-7:5330</c>.</summary>
    public string? Address { get; set; }

    /// <summary>A llama-server to use; null: PATH, then our own cache, then an install.</summary>
    public string? EnginePath { get; set; }

    /// <summary>The vLLM to use; null: <c>vllm</c> on PATH. It is not installed by Comox.</summary>
    public string? VllmPath { get; set; }

    /// <summary>A path to a GGUF file or to a folder with safetensors, or a Hugging Face name: <c>org/repo</c>, <c>org/repo:Q8_0</c>, <c>org/repo:file.gguf</c>.</summary>
    public string? Model { get; set; }

    /// <summary>Models that are loaded when somebody asks for them, as far as memory has room; see <see cref="Swapping"/>.</summary>
    public IReadOnlyList<ServedModelOptions> Models { get; set; } = [];

    public SwapOptions Swapping { get; set; } = new();

    /// <summary>What is kept of conversations while their model is not in memory.</summary>
    public SavedSlotOptions SavedSlots { get; set; } = new();

    /// <summary>What is done about an engine that hangs.</summary>
    public ProbeOptions Probing { get; set; } = new();

    /// <summary>Address of the model hub; <c>HF_ENDPOINT</c> where that is set.</summary>
    public Uri Hub { get; set; } = new("https://huggingface.co");

    /// <summary>Address of the API that lists llama.cpp's releases.</summary>
    public Uri ReleaseUrl { get; set; } = new("https://api.github.com/repos/ggml-org/llama.cpp/releases/latest");

    /// <summary>True: nothing is fetched from the hub or from upstream. Debian's packages come from the machine's own mirror and stay allowed.</summary>
    public bool Offline { get; set; }

    /// <summary>Tokens of prompt and reply together in one slot; null: what the model can, 4096 at most.</summary>
    public int? ContextTokens { get; set; }

    /// <summary>Requests the engine works on at once; null: llama.cpp 4 for small models, else 2; vLLM 8.</summary>
    public int? Slots { get; set; }

    /// <summary>Threads of the engine; null: one per core.</summary>
    public int? Threads { get; set; }

    /// <summary>How long to look whether the hub or the release server is there at all.</summary>
    public TimeSpan ProbeTimeout { get; set; } = TimeSpan.FromSeconds(3);

    /// <summary>How long an engine's program may take to install.</summary>
    public TimeSpan ProvisionTimeout { get; set; } = TimeSpan.FromMinutes(15);

    /// <summary>How long a model may take to load.</summary>
    public TimeSpan LoadTimeout { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>Where models are kept.</summary>
    public CacheOptions Cache { get; set; } = new();

    public static IEnumerable<string> Problems(NodeAgentOptions options)
    {
        if (string.IsNullOrWhiteSpace(options.Name))
            yield return $"{Section}:Name must not be empty.";
        if (options.Model is { Length: > 0 } model && new EngineArtifact(model, null, $"{Section}:Model").Problem() is { } wrong)
            yield return wrong;
        for (var at = 0; at < options.Gateways.Count; at++)
        {
            if (!Uri.TryCreate(options.Gateways[at], UriKind.Absolute, out var gateway) || gateway.Scheme is not ("http" or "https" or "https+http"))
                yield return $"{Section}:Gateways:{at} must be the http or https address of a gateway, not '{options.Gateways[at]}'.";
        }

        if (options.Gateways.Count > 0 && !(Uri.TryCreate(options.Address, UriKind.Absolute, out var own) && IsHttp(own) && own.PathAndQuery == "/" && own.UserInfo.Length == 0))
            yield return $"{Section}:Address must be this agent's own address as the gateways of {Section}:Gateways reach it, such as http://gpu-7:5330; it is '{options.Address}'.";
        if (!IsHttp(options.Hub))
            yield return $"{Section}:Hub must be an http or https address.";
        if (!IsHttp(options.ReleaseUrl))
            yield return $"{Section}:ReleaseUrl must be an http or https address.";
        if (options.ContextTokens is < 256 or > 1_048_576)
            yield return $"{Section}:ContextTokens must be between 256 and 1048576.";
        if (options.Slots is < 1 or > 64)
            yield return $"{Section}:Slots must be between 1 and 64.";
        if (options.Threads is < 1 or > 1024)
            yield return $"{Section}:Threads must be between 1 and 1024.";
        if (options.ProbeTimeout <= TimeSpan.Zero || options.ProvisionTimeout <= TimeSpan.Zero || options.LoadTimeout <= TimeSpan.Zero)
            yield return $"{Section}:ProbeTimeout, ProvisionTimeout and LoadTimeout must be longer than zero.";
        foreach (var problem in EngineSpec.Problems(options).Concat(options.Swapping.Problems()).Concat(options.SavedSlots.Problems()).Concat(options.Probing.Problems()).Concat(CacheOptions.Problems(options.Cache)))
            yield return problem;
    }

    internal static bool IsHttp(Uri? address) => address is { IsAbsoluteUri: true, Scheme: "http" or "https" };
}
