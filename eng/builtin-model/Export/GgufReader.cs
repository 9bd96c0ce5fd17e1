using System.Runtime.InteropServices;
using System.Text;

namespace Comox.BuiltInModel.Export;

/// <summary>Reads what <see cref="GgufWriter"/> writes: GGUF version 3 with tensors in float32 and Q8_0.</summary>
internal sealed class GgufReader
{
    private const int Alignment = 32;
    private const int QuantBlock = 32;
    private const int MostDimensions = 4;

    private readonly Dictionary<string, object> _entries = [];
    private readonly Dictionary<string, (long[] Shape, int Type, long Offset)> _tensors = [];
    private readonly string _path;
    private readonly byte[] _file;
    private readonly long _data;

    /// <exception cref="InvalidDataException">It is no such file.</exception>
    public GgufReader(string path)
    {
        (_path, _file) = (path, File.ReadAllBytes(path));
        try
        {
            using var reader = new BinaryReader(new MemoryStream(_file));
            if (!reader.ReadBytes(4).AsSpan().SequenceEqual("GGUF"u8) || reader.ReadUInt32() != 3)
                throw new InvalidDataException($"{path} is no GGUF file of version 3.");
            var (tensors, entries) = (reader.ReadInt64(), reader.ReadInt64());
            for (; entries > 0; entries--)
                _entries[String(reader)] = Value(reader, reader.ReadUInt32());
            for (; tensors > 0; tensors--)
            {
                var name = String(reader);
                var dimensions = reader.ReadInt32();
                if (dimensions is < 1 or > MostDimensions)
                    throw new InvalidDataException($"{path}: '{name}' has {dimensions} dimensions.");
                long[] shape = [.. Enumerable.Range(0, dimensions).Select(_ => reader.ReadInt64()).Reverse()];
                _tensors[name] = (shape, reader.ReadInt32(), reader.ReadInt64());
            }

            _data = (reader.BaseStream.Position + Alignment - 1) / Alignment * Alignment;
        }
        catch (Exception broken) when (broken is EndOfStreamException or ArgumentException or OverflowException)
        {
            throw new InvalidDataException($"{path} ends too early, or is no GGUF file.", broken);
        }
    }

    public bool Has(string tensor) => _tensors.ContainsKey(tensor);

    /// <exception cref="InvalidDataException">There is none, or it is of another type.</exception>
    public T Entry<T>(string key) =>
        _entries.GetValueOrDefault(key) is T value ? value : throw new InvalidDataException($"{_path} has no '{key}' that can be used here.");

    /// <inheritdoc cref="Entry"/>
    public T[] Entries<T>(string key) =>
        Entry<object[]>(key) is var values && values.All(value => value is T) ? [.. values.Cast<T>()] : throw new InvalidDataException($"{_path} has no '{key}' that can be used here.");

    /// <returns>Row by row, with torch's shape: [out, in].</returns>
    public float[] Tensor(string name, params long[] shape)
    {
        if (!_tensors.TryGetValue(name, out var tensor))
            throw new InvalidDataException($"{_path} has no '{name}'.");
        if (!tensor.Shape.SequenceEqual(shape))
            throw new InvalidDataException($"{_path}: '{name}' is [{string.Join(", ", tensor.Shape)}], not [{string.Join(", ", shape)}].");
        var count = (int)shape.Aggregate(1L, (product, size) => product * size);
        return tensor.Type switch
        {
            GgufWriter.F32 => MemoryMarshal.Cast<byte, float>(Bytes(tensor.Offset, (long)count * sizeof(float))).ToArray(),
            GgufWriter.Q8 when count % QuantBlock == 0 => Unquantized(Bytes(tensor.Offset, (long)count / QuantBlock * (QuantBlock + 2)), count),
            _ => throw new InvalidDataException($"{_path}: '{name}' is neither float32 nor Q8_0."),
        };
    }

    private ReadOnlySpan<byte> Bytes(long offset, long length) =>
        offset >= 0 && _data + offset + length <= _file.Length ? _file.AsSpan((int)(_data + offset), (int)length) : throw new InvalidDataException($"{_path} ends too early.");

    private static float[] Unquantized(ReadOnlySpan<byte> blocks, int count)
    {
        var values = new float[count];
        for (var at = 0; at < count; at++)
        {
            var block = blocks.Slice(at / QuantBlock * (QuantBlock + 2), QuantBlock + 2);
            values[at] = (float)MemoryMarshal.Read<Half>(block) * (sbyte)block[2 + (at % QuantBlock)];
        }

        return values;
    }

    private static object Value(BinaryReader reader, uint type) => type switch
    {
        0 => reader.ReadByte(),
        1 => reader.ReadSByte(),
        2 => reader.ReadUInt16(),
        3 => reader.ReadInt16(),
        4 => reader.ReadUInt32(),
        5 => reader.ReadInt32(),
        6 => reader.ReadSingle(),
        7 => reader.ReadByte() != 0,
        8 => String(reader),
        9 => Array(reader),
        10 => reader.ReadUInt64(),
        11 => reader.ReadInt64(),
        12 => reader.ReadDouble(),
        _ => throw new InvalidDataException($"A GGUF file has no type {type}."),
    };

    private static object[] Array(BinaryReader reader)
    {
        var (type, count) = (reader.ReadUInt32(), reader.ReadInt64());
        // Each has a byte at least: what a broken file claims to have is not reserved.
        if (count < 0 || count > reader.BaseStream.Length - reader.BaseStream.Position)
            throw new EndOfStreamException();
        var values = new object[count];
        for (var at = 0; at < count; at++)
            values[at] = Value(reader, type);
        return values;
    }

    private static string String(BinaryReader reader)
    {
        var length = reader.ReadInt64();
        if (length < 0 || length > reader.BaseStream.Length - reader.BaseStream.Position)
            throw new EndOfStreamException();
        return Encoding.UTF8.GetString(reader.ReadBytes((int)length));
    }
}
