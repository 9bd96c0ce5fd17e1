using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;

namespace Comox.NodeAgent.ModelCache;

/// <summary>What the head of a GGUF file says. Format: github.com/ggml-org/ggml, docs/gguf.md, versions 2 and 3.</summary>
internal sealed record GgufInfo : ModelInfo
{
    public override string Format => ModelFormats.Gguf;

    /// <summary>A LoRA for a model, and none of its own.</summary>
    public bool IsAdapter { get; init; }

    /// <summary>All the files of a model that is split into several, the one that was read first; of a whole one there are none.</summary>
    public IReadOnlyList<string> Parts { get; init; } = [];

    /// <summary>Name → dimensions, as the file has them: the fastest first.</summary>
    public IReadOnlyDictionary<string, long[]> Tensors { get; init; } = new Dictionary<string, long[]>();

    /// <summary>An encoder embeds or ranks text and cannot answer.</summary>
    public bool IsEncoder => Architecture.Contains("bert", StringComparison.Ordinal) || Architecture is "t5encoder" or "clip" or "gemma-embedding";
}

/// <summary>Reads the head of a GGUF file and nothing of its weights. Of the first part of a model in parts those of all are read: they are one model.</summary>
internal static class GgufFile
{
    private const int MaxEntries = 1_000_000;
    private const int MaxKeyBytes = 65_535;
    private const int MaxTextBytes = 64 << 20;
    private const string KeyValueHeads = ".attention.head_count_kv";
    private const string OfAll = "[]";
    private const uint MostHeads = 1 << 16;

    /// <summary>False with the reason as the end of a sentence: "it is not a GGUF file".</summary>
    public static bool TryRead(string path, [NotNullWhen(true)] out GgufInfo? info, [NotNullWhen(false)] out string? problem)
    {
        (info, problem) = (null, null);
        try
        {
            using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 1 << 16);
            var read = new Reader(stream).Read(isFurtherPart: false);
            info = GgufSelection.IsPart(path) ? Whole(path, read) : read;
            return true;
        }
        catch (EndOfStreamException)
        {
            problem = "it is cut short";
        }
        catch (OverflowException)
        {
            problem = "its list of tensors is damaged";
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

    private static GgufInfo Whole(string first, GgufInfo info)
    {
        IReadOnlyList<string> parts = [.. GgufSelection.PartsWith(first)];
        var tensors = new Dictionary<string, long[]>(info.Tensors, StringComparer.Ordinal);
        var (size, parameters) = (info.SizeBytes, info.Parameters);
        foreach (var part in parts.Where(part => !part.Equals(first, StringComparison.OrdinalIgnoreCase)))
        {
            if (!File.Exists(part))
                throw new InvalidDataException($"its part {Path.GetFileName(part)} is missing");
            using var stream = new FileStream(part, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 1 << 16);
            var read = new Reader(stream).Read(isFurtherPart: true);
            (size, parameters) = (size + read.SizeBytes, parameters + read.Parameters);
            foreach (var (name, shape) in read.Tensors)
                tensors[name] = shape;
        }

        return info with { Parts = parts, Tensors = tensors, SizeBytes = size, Parameters = parameters };
    }

    /// <summary>
    /// "GGUF", version u32, tensor count u64, entry count u64; the entries (key, type u32, value); the tensors (name, rank u32,
    /// dimensions u64…, type u32, offset u64); padding; the weights. All little-endian; a string is its length u64 and UTF-8.
    /// </summary>
    private sealed class Reader(FileStream stream)
    {
        private readonly byte[] _word = new byte[8];

        /// <param name="isFurtherPart">It has tensors, and says nothing of the model: the first part does.</param>
        public GgufInfo Read(bool isFurtherPart)
        {
            if (stream.Length < 4 || U32() != 0x46554747)
                throw new InvalidDataException("it is not a GGUF file");
            if (U32() is var version and not (2 or 3))
                throw new InvalidDataException($"it has GGUF version {version}, and 2 and 3 are known");
            var tensors = Count(U64(), "tensors");
            var entries = Count(U64(), "entries");

            var texts = new Dictionary<string, string>();
            var numbers = new Dictionary<string, long>();
            for (var i = 0; i < entries; i++)
                Entry(texts, numbers);

            long parameters = 0, lastOffset = 0;
            var shapes = new Dictionary<string, long[]>(StringComparer.Ordinal);
            for (var i = 0; i < tensors; i++)
            {
                var (name, shape, offset) = Tensor();
                shapes[name] = shape;
                parameters = checked(parameters + shape.Aggregate(1L, (size, length) => checked(size * length)));
                lastOffset = Math.Max(lastOffset, offset);
            }

            // The type decides a tensor's exact size; its first byte must be there in any case.
            if (tensors > 0 && lastOffset >= stream.Length - stream.Position)
                throw new EndOfStreamException();
            var architecture = texts.GetValueOrDefault("general.architecture") ?? (isFurtherPart ? "" : null) ?? throw new InvalidDataException("it does not say its architecture");
            return new GgufInfo
            {
                Architecture = architecture,
                IsAdapter = texts.GetValueOrDefault("general.type") == "adapter" && texts.GetValueOrDefault("adapter.type") == "lora",
                Tensors = shapes,
                Name = texts.GetValueOrDefault("general.name"),
                SizeBytes = stream.Length,
                Parameters = parameters,
                ContextTokens = numbers.TryGetValue($"{architecture}.context_length", out var context) && context is > 0 and <= int.MaxValue ? (int)context : null,
                HasChatTemplate = texts.ContainsKey("tokenizer.chat_template"),
                KeyValueBytesPerToken = KeyValueBytes(architecture, numbers),
            };
        }

        // Heads that keep keys and values, of all layers × (key + value length) × 2 bytes. A head without a length of its own has its share of the width. Where layers differ
        // (convolutions or state spaces beside attention: LFM2, Jamba, Granite 4), the file has a number for each.
        private static long? KeyValueBytes(string architecture, Dictionary<string, long> numbers)
        {
            if (Number("block_count") is not { } layers || Number("attention.head_count") is not (> 0 and var heads))
                return null;
            var length = Number("embedding_length") / heads;
            var keeping = numbers.TryGetValue(architecture + KeyValueHeads + OfAll, out var sum) ? sum : layers * (Number("attention.head_count_kv") ?? heads);
            return keeping * ((Number("attention.key_length") ?? length) + (Number("attention.value_length") ?? length)) * 2;

            long? Number(string key) => numbers.TryGetValue($"{architecture}.{key}", out var number) && number is > 0 and < 1 << 24 ? number : null;
        }

        private void Entry(Dictionary<string, string> texts, Dictionary<string, long> numbers)
        {
            var key = Text(MaxKeyBytes);
            switch (U32())
            {
                case 8 when key is "general.type" or "adapter.type" or "general.architecture" or "general.name" or "tokenizer.chat_template":
                    texts[key] = Text(MaxTextBytes);
                    break;
                case 4:
                    numbers[key] = U32();
                    break;
                case 10:
                    numbers[key] = unchecked((long)U64());
                    break;
                case 9 when key.EndsWith(KeyValueHeads, StringComparison.Ordinal):
                    numbers[key + OfAll] = Sum();
                    break;
                case var type:
                    Skip(type, depth: 0);
                    break;
            }
        }

        private long Sum()
        {
            if (U32() is var type and not (4 or 5))
                throw new InvalidDataException($"it has numbers of heads of the type {type.ToString(CultureInfo.InvariantCulture)}");
            var sum = 0L;
            for (var left = Count(U64(), "layers"); left > 0; left--)
                sum += Math.Min(U32(), MostHeads);
            return sum;
        }

        private (string Name, long[] Shape, long Offset) Tensor()
        {
            var name = Text(MaxKeyBytes);
            var rank = U32();
            if (rank > 8)
                throw new InvalidDataException("its list of tensors is damaged");
            var shape = new long[rank];
            for (var i = 0; i < rank; i++)
                shape[i] = checked((long)U64());
            _ = U32();
            return (name, shape, checked((long)U64()));
        }

        private void Skip(uint type, int depth)
        {
            switch (type)
            {
                case 0 or 1 or 7: Forward(1); break;
                case 2 or 3: Forward(2); break;
                case 4 or 5 or 6: Forward(4); break;
                case 10 or 11 or 12: Forward(8); break;
                case 8: Forward(U64()); break;
                case 9 when depth < 4: SkipArray(depth); break;
                default: throw new InvalidDataException($"it has an entry of the unknown type {type.ToString(CultureInfo.InvariantCulture)}");
            }
        }

        private void SkipArray(int depth)
        {
            var type = U32();
            var width = type switch { 0 or 1 or 7 => 1u, 2 or 3 => 2u, 4 or 5 or 6 => 4u, 10 or 11 or 12 => 8u, _ => 0u };
            var count = U64();
            if (width > 0 && count <= long.MaxValue / 8)
            {
                Forward(count * width);
                return;
            }

            if (count > int.MaxValue)
                throw new InvalidDataException("it has an array of impossible length");
            for (ulong i = 0; i < count; i++)
                Skip(type, depth + 1);
        }

        private static int Count(ulong count, string what) => count <= MaxEntries ? (int)count : throw new InvalidDataException($"it claims to have {count} {what}");

        private string Text(int limit)
        {
            var length = U64();
            if (length > (ulong)limit)
                throw new InvalidDataException("it has a text of impossible length");
            if ((long)length > stream.Length - stream.Position)
                throw new EndOfStreamException();
            var bytes = new byte[(int)length];
            stream.ReadExactly(bytes);
            return Encoding.UTF8.GetString(bytes);
        }

        private void Forward(ulong bytes)
        {
            if (bytes > (ulong)(stream.Length - stream.Position))
                throw new EndOfStreamException();
            stream.Seek((long)bytes, SeekOrigin.Current);
        }

        private uint U32()
        {
            stream.ReadExactly(_word, 0, 4);
            return BinaryPrimitives.ReadUInt32LittleEndian(_word);
        }

        private ulong U64()
        {
            stream.ReadExactly(_word, 0, 8);
            return BinaryPrimitives.ReadUInt64LittleEndian(_word);
        }
    }
}
