using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json;

namespace Comox.NodeAgent.ModelCache;

/// <summary>What the folder of a model in safetensors says: its <c>config.json</c> and the heads of its weights.</summary>
internal sealed record SafetensorsInfo : ModelInfo
{
    public override string Format => ModelFormats.Safetensors;

    /// <summary>The files with its weights, absolute.</summary>
    public required IReadOnlyList<string> Weights { get; init; }

    /// <summary>The type of weights that are not quantized: <c>bfloat16</c>.</summary>
    public string? DataType { get; init; }

    /// <summary>Null: they are not quantized.</summary>
    public ModelQuantization? Quantization { get; init; }
}

/// <summary>Reads the folder of a model and nothing of its weights. Format: github.com/huggingface/safetensors.</summary>
internal static class Safetensors
{
    /// <summary>The file that names the files with the weights, where there are several.</summary>
    public const string IndexName = "model.safetensors.index.json";

    private const int MaxHead = 100_000_000; // As the format's own reader has it.

    /// <summary>The files that the model's index names, or the only one there is; with those that are missing.</summary>
    /// <returns>Empty: it has none.</returns>
    public static IReadOnlyList<string> WeightsOf(string folder)
    {
        var index = Path.Combine(folder, IndexName);
        if (File.Exists(index))
            return [.. Indexed(index).Select(name => Path.Combine(folder, name))];
        return Directory.Exists(folder) ? [.. Directory.EnumerateFiles(folder, "*.safetensors").Order(StringComparer.Ordinal)] : [];
    }

    /// <summary>The names of the files with weights that an index speaks of. Throws what <see cref="IsDamage"/> knows.</summary>
    public static IReadOnlyList<string> Indexed(string index)
    {
        using var json = JsonDocument.Parse(File.ReadAllBytes(index));
        return json.RootElement.TryGetProperty("weight_map", out var map) && map.ValueKind == JsonValueKind.Object
            ? [.. map.EnumerateObject().Select(tensor => tensor.Value.GetString()).OfType<string>().Where(ModelFiles.StaysInside).Distinct().Order(StringComparer.Ordinal)]
            : [];
    }

    /// <summary>False with the reason as the end of a sentence: "it has no config.json".</summary>
    public static bool TryRead(string folder, [NotNullWhen(true)] out SafetensorsInfo? info, [NotNullWhen(false)] out string? problem)
    {
        (info, problem) = (null, null);
        try
        {
            info = Read(folder);
            return true;
        }
        catch (Exception damaged) when (IsDamage(damaged))
        {
            problem = "one of its JSON files is damaged";
        }
        catch (InvalidDataException broken)
        {
            problem = broken.Message;
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            problem = $"it cannot be read ({unreadable.Message})";
        }

        return false;
    }

    /// <summary>Whether the files of <paramref name="folder"/> are a whole model, or with another <paramref name="config"/> a whole adapter, as far as their names tell.</summary>
    public static bool IsWhole(string folder, string config)
    {
        try
        {
            return File.Exists(Path.Combine(folder, config)) && WeightsOf(folder) is { Count: > 0 } weights && weights.All(File.Exists);
        }
        catch (Exception damaged) when (IsDamage(damaged))
        {
            return false;
        }
    }

    /// <summary>What reading JSON throws: of text that is none, of a value of another kind than the one asked for, and of a number that does not fit.</summary>
    public static bool IsDamage(Exception problem) => problem is JsonException or InvalidOperationException or FormatException;

    /// <summary>Throws <see cref="InvalidDataException"/>, or what <see cref="IsDamage"/> knows, where a file is damaged or cut short.</summary>
    public static void Check(string file) => Parameters(file, bits: null);

    private static SafetensorsInfo Read(string folder)
    {
        if (!Directory.Exists(folder))
            throw new InvalidDataException("there is no such folder");
        if (!File.Exists(Path.Combine(folder, "config.json")))
            throw new InvalidDataException(File.Exists(Path.Combine(folder, "adapter_config.json")) ? "it is an adapter and no model of its own" : "it has no config.json");
        var weights = WeightsOf(folder);
        if (weights.Count == 0)
        {
            throw new InvalidDataException(Directory.EnumerateFiles(folder).FirstOrDefault(ModelFiles.IsPickle) is { } pickle
                ? $"its weights are Python pickles ({Path.GetFileName(pickle)}), which run whatever program is in them when they are loaded; use a repository with safetensors"
                : "it has no file *.safetensors");
        }

        if (weights.FirstOrDefault(file => !File.Exists(file)) is { } missing)
            throw new InvalidDataException($"{Path.GetFileName(missing)} is missing");
        using var json = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "config.json")));
        var config = new ModelConfig(json.RootElement);
        var quantization = config.Quantization;
        return new SafetensorsInfo
        {
            Architecture = config.Architecture ?? throw new InvalidDataException("its config.json does not say its architecture"),
            Name = Path.GetFileName(folder),
            Weights = weights,
            SizeBytes = weights.Sum(file => new FileInfo(BlobLeases.Resolve(file)).Length),
            Parameters = weights.Sum(file => Parameters(file, quantization?.WeightBits)),
            ContextTokens = config.ContextTokens,
            KeyValueBytesPerToken = config.KeyValueBytesPerToken,
            HasChatTemplate = HasChatTemplate(folder),
            DataType = config.DataType,
            Quantization = quantization,
        };
    }

    private static bool HasChatTemplate(string folder)
    {
        if (File.Exists(Path.Combine(folder, "chat_template.jinja")) || File.Exists(Path.Combine(folder, "chat_template.json")))
            return true;
        var tokenizer = Path.Combine(folder, "tokenizer_config.json");
        if (!File.Exists(tokenizer))
            return false;
        using var json = JsonDocument.Parse(File.ReadAllBytes(tokenizer));
        return json.RootElement.ValueKind == JsonValueKind.Object && json.RootElement.TryGetProperty("chat_template", out _);
    }

    /// <summary>Length u64, a JSON object of that length (name → dtype, shape, data_offsets), the weights.</summary>
    private static long Parameters(string file, int? bits)
    {
        using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 1 << 16);
        var word = new byte[8];
        var length = stream.ReadAtLeast(word, 8, throwOnEndOfStream: false) < 8 ? 0 : BinaryPrimitives.ReadUInt64LittleEndian(word);
        if (length is 0 or > MaxHead)
            throw new InvalidDataException($"{Path.GetFileName(file)} is not a safetensors file");
        var head = new byte[(int)length];
        if (stream.ReadAtLeast(head, head.Length, throwOnEndOfStream: false) < head.Length)
            throw new InvalidDataException($"{Path.GetFileName(file)} is cut short");
        using var json = JsonDocument.Parse(head);
        var (parameters, end) = (0L, 0L);
        foreach (var tensor in json.RootElement.EnumerateObject().Where(tensor => tensor.Name != "__metadata__"))
        {
            if (tensor.Value.ValueKind != JsonValueKind.Object || !tensor.Value.TryGetProperty("shape", out var shape) || !tensor.Value.TryGetProperty("data_offsets", out var offsets)
                || shape.ValueKind != JsonValueKind.Array || offsets.ValueKind != JsonValueKind.Array || offsets.GetArrayLength() != 2)
                throw new InvalidDataException($"the head of {Path.GetFileName(file)} is damaged");
            // Quantized weights of a few bits each are packed into words of 32.
            var packed = bits is > 0 and < 16 && tensor.Value.TryGetProperty("dtype", out var type) && type.ValueEquals("I32") ? 32 / bits.Value : 1;
            parameters += shape.EnumerateArray().Aggregate(1L, (product, size) => product * size.GetInt64()) * packed;
            end = Math.Max(end, offsets[1].GetInt64());
        }

        return stream.Length >= 8 + (long)length + end ? parameters : throw new InvalidDataException($"{Path.GetFileName(file)} is cut short");
    }
}
