using System.Text.Json;
using Comox.NodeAgent.ModelCache;

namespace Comox.NodeAgent.Adapters;

/// <summary>What an adapter's files say of it.</summary>
/// <param name="Files">Those with its weights.</param>
/// <param name="SizeBytes">Of these.</param>
/// <param name="Rank">The largest of its matrices' ranks.</param>
internal sealed record AdapterInfo(IReadOnlyList<string> Files, long SizeBytes, int Rank);

/// <summary>Reads an adapter and finds what an engine would fail with: a llama-server does not start with an adapter of another model's shape.</summary>
internal static class AdapterFiles
{
    public const string GgufOnVLlm = "vLLM reads adapters in PEFT's form: a folder with adapter_config.json and adapter_model.safetensors.";
    public const string PeftOnLlamaCpp = "llama.cpp reads adapters as GGUF files; its convert_lora_to_gguf.py makes one of a PEFT folder.";

    /// <param name="path">The GGUF file, or the folder.</param>
    /// <param name="model">The one it is for.</param>
    /// <returns>Failed: the reason as the end of a sentence.</returns>
    public static Outcome<AdapterInfo> Read(string path, ModelInfo model) => model is GgufInfo gguf ? ReadGguf(path, gguf) : ReadPeft(path);

    private static Outcome<AdapterInfo> ReadGguf(string path, GgufInfo model)
    {
        if (!GgufFile.TryRead(path, out var adapter, out var problem))
            return Failed(problem);
        if (!adapter.IsAdapter)
            return Failed("it is no LoRA adapter");
        if (adapter.Architecture != model.Architecture)
            return Failed($"it is for models of the architecture {adapter.Architecture}, and this one is {model.Architecture}");
        var rank = 0L;
        foreach (var (name, a) in adapter.Tensors.Where(tensor => tensor.Key.EndsWith(".lora_a", StringComparison.Ordinal)))
        {
            var target = name[..^".lora_a".Length];
            if (!adapter.Tensors.TryGetValue($"{target}.lora_b", out var b) || a.Length < 2 || b.Length < 2)
                return Failed($"it has one half of what it does to {target}");
            rank = Math.Max(rank, a[1]);
            // Token embeddings are turned around.
            if (target.StartsWith("token_embd", StringComparison.Ordinal))
                continue;
            if (!model.Tensors.TryGetValue(target, out var shape))
                return Failed($"it changes {target}, which the model does not have");
            if (shape.Length < 2 || a[0] != shape[0] || b[1] != shape[1] || a[1] != b[0])
                return Failed($"its shape of {target} is another than the model's, so it was made for another model");
        }

        return rank == 0 ? Failed("it changes nothing") : Outcome<AdapterInfo>.Of(new AdapterInfo([path], adapter.SizeBytes, (int)Math.Min(rank, int.MaxValue)));
    }

    private static Outcome<AdapterInfo> ReadPeft(string folder)
    {
        var config = Path.Combine(folder, "adapter_config.json");
        var weights = Path.Combine(folder, "adapter_model.safetensors");
        try
        {
            if (!File.Exists(config))
                return Failed("it has no adapter_config.json");
            if (!File.Exists(weights))
                return Failed(Directory.EnumerateFiles(folder).FirstOrDefault(ModelFiles.IsPickle) is { } pickle ? $"{ModelFiles.Refusal(Path.GetFileName(pickle))!.TrimEnd('.')}" : "it has no adapter_model.safetensors");
            using var json = JsonDocument.Parse(File.ReadAllBytes(config));
            if (json.RootElement.ValueKind != JsonValueKind.Object || !json.RootElement.TryGetProperty("peft_type", out var type) || !type.ValueEquals("LORA"))
                return Failed("its adapter_config.json is not that of a LoRA");
            if (!json.RootElement.TryGetProperty("r", out var r) || !r.TryGetInt32(out var rank) || rank < 1)
                return Failed("its adapter_config.json does not say its rank");
            if (json.RootElement.TryGetProperty("rank_pattern", out var pattern) && pattern.ValueKind == JsonValueKind.Object)
                rank = pattern.EnumerateObject().Where(entry => entry.Value.ValueKind == JsonValueKind.Number).Select(entry => entry.Value.GetInt32()).Append(rank).Max();
            Safetensors.Check(weights);
            return Outcome<AdapterInfo>.Of(new AdapterInfo([weights], new FileInfo(BlobLeases.Resolve(weights)).Length, rank));
        }
        catch (Exception damaged) when (Safetensors.IsDamage(damaged))
        {
            return Failed("one of its JSON files is damaged");
        }
        catch (InvalidDataException broken)
        {
            return Failed(broken.Message);
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            return Failed($"it cannot be read ({unreadable.Message})");
        }
    }

    private static Outcome<AdapterInfo> Failed(string problem) => Outcome<AdapterInfo>.Failed(problem);
}
