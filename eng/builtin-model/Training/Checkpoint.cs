using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using Comox.BuiltInModel.Model;
using Comox.BuiltInModel.Tokenizer;
using static TorchSharp.torch;

namespace Comox.BuiltInModel.Training;

/// <summary>How far a training is.</summary>
internal sealed record TrainingState
{
    public long Step { get; init; }

    /// <summary>Minutes that the training has run, all runs together.</summary>
    public double Minutes { get; init; }

    public long Examples { get; init; }

    public long Tokens { get; init; }

    public long LossTokens { get; init; }

    public DataPlace Place { get; init; } = DataPlace.Beginning;
}

/// <summary>
/// One file: "COMOXCP1", the length of a JSON head, the head, then the tensors as float32. It holds all that a training goes on with,
/// and the tokenizer, so that it can be exported by itself.
/// </summary>
internal sealed record Checkpoint
{
    private const string FileName = "checkpoint.bin";
    private static readonly byte[] Magic = "COMOXCP1"u8.ToArray();

    public required ModelShape Shape { get; init; }

    public required string Tokenizer { get; init; }

    public required TrainingState State { get; init; }

    /// <summary>Name → shape, in the order of the file.</summary>
    public required IReadOnlyDictionary<string, long[]> Tensors { get; init; }

    public static bool Exists(string folder) => File.Exists(Path.Combine(folder, FileName));

    public static void Write(string folder, ModelShape shape, SpmTokenizer tokenizer, TrainingState state, IEnumerable<KeyValuePair<string, Tensor>> tensors)
    {
        var list = tensors.ToArray();
        var (path, unfinished) = (Path.Combine(folder, FileName), Path.Combine(folder, FileName + ".new"));
        tokenizer.Save(Path.Combine(folder, "tokenizer.json"));
        var head = new Checkpoint
        {
            Shape = shape,
            Tokenizer = File.ReadAllText(Path.Combine(folder, "tokenizer.json")),
            State = state,
            Tensors = list.ToDictionary(pair => pair.Key, pair => pair.Value.shape),
        };
        using (var writer = new BinaryWriter(new FileStream(unfinished, FileMode.Create, FileAccess.Write, FileShare.None, 1 << 20)))
        {
            var json = JsonSerializer.SerializeToUtf8Bytes(head);
            writer.Write(Magic);
            writer.Write(json.Length);
            writer.Write(json);
            foreach (var (_, tensor) in list)
                writer.Write(MemoryMarshal.AsBytes(Values(tensor).AsSpan()));
        }

        File.Move(unfinished, path, overwrite: true);
    }

    /// <summary>The tensors come as name → values, row by row.</summary>
    public static Checkpoint Read(string folder, out IReadOnlyDictionary<string, float[]> tensors)
    {
        var path = Directory.Exists(folder) ? Path.Combine(folder, FileName) : folder;
        using var reader = new BinaryReader(new FileStream(path, FileMode.Open, FileAccess.Read));
        if (!reader.ReadBytes(Magic.Length).AsSpan().SequenceEqual(Magic))
            throw new InvalidDataException($"{path} is no checkpoint of this program.");
        var head = JsonSerializer.Deserialize<Checkpoint>(Encoding.UTF8.GetString(reader.ReadBytes(reader.ReadInt32())))!;
        var all = new Dictionary<string, float[]>();
        foreach (var (name, shape) in head.Tensors)
        {
            var values = new float[shape.Aggregate(1L, (product, size) => product * size)];
            reader.BaseStream.ReadExactly(MemoryMarshal.AsBytes(values.AsSpan()));
            all[name] = values;
        }

        tensors = all;
        return head;
    }

    public static float[] Values(Tensor tensor)
    {
        using var plain = tensor.detach().contiguous();
        return plain.data<float>().ToArray();
    }

    public static void Fill(IEnumerable<KeyValuePair<string, Tensor>> tensors, IReadOnlyDictionary<string, float[]> values)
    {
        using var none = no_grad();
        foreach (var (name, target) in tensors)
        {
            using var source = tensor(values[name]);
            target.copy_(source.view(target.shape));
        }
    }
}
