using System.Text;

namespace Comox.BuiltInModel.Export;

/// <summary>Writes GGUF version 3: entries, then the list of tensors, then their data at multiples of 32 bytes.</summary>
internal sealed class GgufWriter
{
    private const int Alignment = 32;
    public const int F32 = 0;
    public const int Q8 = 8;
    private const int QuantBlock = 32;

    private readonly MemoryStream _entries = new();
    private readonly BinaryWriter _entry;
    private readonly List<(string Name, long[] Dimensions, int Type, byte[] Data)> _tensors = [];
    private long _count;

    public GgufWriter() => _entry = new BinaryWriter(_entries);

    public void Text(string key, string value)
    {
        Key(key, 8);
        String(_entry, value);
    }

    public void Unsigned(string key, uint value)
    {
        Key(key, 4);
        _entry.Write(value);
    }

    public void Real(string key, float value)
    {
        Key(key, 6);
        _entry.Write(value);
    }

    public void Truth(string key, bool value)
    {
        Key(key, 7);
        _entry.Write(value);
    }

    public void Texts(string key, IReadOnlyCollection<string> values) => Array(key, 8, values, value => String(_entry, value));

    public void Reals(string key, IReadOnlyCollection<float> values) => Array(key, 6, values, _entry.Write);

    public void Integers(string key, IReadOnlyCollection<int> values) => Array(key, 5, values, _entry.Write);

    /// <summary>
    /// The shape is torch's, [out, in]; the file has the dimensions the other way round and the same bytes. Quantized: 8 bits a weight, in blocks of 32
    /// with a common scale; else float32.
    /// </summary>
    public void Tensor(string name, long[] shape, float[] values, bool quantize) =>
        _tensors.Add((name, [.. shape.Reverse()], quantize ? Q8 : F32, quantize ? Quantize(values) : Plain(values)));

    public void Write(string path)
    {
        using (var file = new BinaryWriter(new FileStream(path + ".new", FileMode.Create)))
        {
            file.Write("GGUF"u8);
            file.Write(3u);
            file.Write((long)_tensors.Count);
            file.Write(_count);
            file.Write(_entries.ToArray());
            var offset = 0L;
            foreach (var (name, dimensions, type, data) in _tensors)
            {
                String(file, name);
                file.Write(dimensions.Length);
                foreach (var dimension in dimensions)
                    file.Write(dimension);
                file.Write(type);
                file.Write(offset);
                offset += Padded(data.Length);
            }

            Pad(file);
            foreach (var tensor in _tensors)
            {
                file.Write(tensor.Data);
                Pad(file);
            }
        }

        File.Move(path + ".new", path, overwrite: true);
    }

    private static long Padded(long length) => (length + Alignment - 1) / Alignment * Alignment;

    private static void Pad(BinaryWriter file)
    {
        file.Flush();
        file.Write(new byte[Padded(file.BaseStream.Position) - file.BaseStream.Position]);
    }

    private static byte[] Plain(float[] values)
    {
        var bytes = new byte[values.Length * sizeof(float)];
        Buffer.BlockCopy(values, 0, bytes, 0, bytes.Length);
        return bytes;
    }

    private static byte[] Quantize(float[] values)
    {
        using var stream = new MemoryStream();
        using var writer = new BinaryWriter(stream);
        foreach (var block in values.Chunk(QuantBlock))
        {
            var scale = block.Max(Math.Abs) / 127;
            writer.Write((Half)scale);
            foreach (var value in block)
                writer.Write((sbyte)(scale == 0 ? 0 : MathF.Round(value / scale, MidpointRounding.AwayFromZero)));
        }

        return stream.ToArray();
    }

    private void Key(string key, uint type)
    {
        String(_entry, key);
        _entry.Write(type);
        _count++;
    }

    private void Array<T>(string key, uint type, IReadOnlyCollection<T> values, Action<T> write)
    {
        Key(key, 9);
        _entry.Write(type);
        _entry.Write((long)values.Count);
        foreach (var value in values)
            write(value);
    }

    private static void String(BinaryWriter writer, string value)
    {
        var bytes = Encoding.UTF8.GetBytes(value);
        writer.Write((long)bytes.Length);
        writer.Write(bytes);
    }
}
