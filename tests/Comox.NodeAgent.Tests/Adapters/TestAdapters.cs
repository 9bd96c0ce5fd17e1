using System.Text;
using Comox.NodeAgent.ModelCache;
using Comox.NodeAgent.Tests.VLlm;

namespace Comox.NodeAgent.Tests.Adapters;

/// <summary>Adapters as files: LoRAs in GGUF that a real llama-server loads, and folders in PEFT's form.</summary>
internal static class TestAdapters
{
    /// <summary>The width of the built-in model.</summary>
    public const int Width = 256;

    private const int Align = 32;

    public static GgufInfo BuiltIn { get; } =
        GgufFile.TryRead(Path.Combine(AppContext.BaseDirectory, "nodeagent", BuiltInModel.FileName), out var info, out var problem) ? info : throw new InvalidOperationException(problem);

    /// <summary>The layers of the built-in model that have attention.</summary>
    public static IReadOnlyList<int> Layers { get; } = [.. Enumerable.Range(0, 64).Where(layer => BuiltIn.Tensors.ContainsKey($"blk.{layer}.attn_q.weight"))];

    /// <summary>A LoRA of rank 4 with random numbers, strong enough to change every answer.</summary>
    /// <param name="path">Where it is written.</param>
    /// <param name="width">Of the model.</param>
    /// <param name="architecture">Of the model; null: the built-in one's.</param>
    /// <param name="seed">Another one is another adapter.</param>
    /// <param name="tensor">What of each layer with attention it changes.</param>
    public static string Gguf(string path, int width = Width, string? architecture = null, int seed = 1, string tensor = "attn_q")
    {
        const int Rank = 4;
        var tensors = Layers.SelectMany(layer => new (string Name, int[] Shape)[]
        {
            ($"blk.{layer}.{tensor}.weight.lora_a", [width, Rank]), ($"blk.{layer}.{tensor}.weight.lora_b", [Rank, width]),
            ($"blk.{layer}.attn_output.weight.lora_a", [width, Rank]), ($"blk.{layer}.attn_output.weight.lora_b", [Rank, width]),
        }).ToList();
        using var file = File.Create(path);
        using var writer = new BinaryWriter(file);
        writer.Write("GGUF"u8);
        writer.Write(3u);
        writer.Write((ulong)tensors.Count);
        writer.Write(4ul);
        Entry("general.type", "adapter");
        Entry("adapter.type", "lora");
        Entry("general.architecture", architecture ?? BuiltIn.Architecture);
        Text("adapter.lora.alpha");
        writer.Write(6u);
        writer.Write(8f);
        var offset = 0ul;
        foreach (var (name, shape) in tensors)
        {
            Text(name);
            writer.Write(2u);
            writer.Write((ulong)shape[0]);
            writer.Write((ulong)shape[1]);
            writer.Write(0u);
            writer.Write(offset);
            offset += (ulong)(shape[0] * shape[1] * sizeof(float) + Align - 1) / Align * Align;
        }

        Pad();
        var random = new Random(seed);
        foreach (var (_, shape) in tensors)
        {
            for (var at = 0; at < shape[0] * shape[1]; at++)
                writer.Write((float)(random.NextDouble() - 0.5));
            Pad();
        }

        return path;

        void Entry(string key, string value)
        {
            Text(key);
            writer.Write(8u);
            Text(value);
        }

        void Text(string text)
        {
            writer.Write((ulong)Encoding.UTF8.GetByteCount(text));
            writer.Write(Encoding.UTF8.GetBytes(text));
        }

        void Pad()
        {
            while (file.Position % Align != 0)
                writer.Write((byte)0);
        }
    }

    public static string Peft(string parent, string name, int rank = 16, string type = "LORA")
    {
        var folder = Directory.CreateDirectory(Path.Combine(parent, name)).FullName;
        File.WriteAllText(Path.Combine(folder, "adapter_config.json"), $$$"""{"peft_type":"{{{type}}}","r":{{{rank}}},"lora_alpha":32,"rank_pattern":{}}""");
        TestModels.Weights(Path.Combine(folder, "adapter_model.safetensors"), ("base_model.model.q.lora_A.weight", "BF16", [4, 8]));
        return folder;
    }
}
