using System.Buffers.Binary;
using System.Text;

namespace Comox.NodeAgent.Tests.VLlm;

/// <summary>Folders of models in safetensors: real heads, next to no weights.</summary>
internal static class TestModels
{
    /// <param name="parent">Where it is made.</param>
    /// <param name="name">The folder's name.</param>
    /// <param name="quantization">The value of <c>quantization_config</c>.</param>
    /// <param name="type">Of weights that are not quantized.</param>
    public static string Folder(string parent, string name, string? quantization = null, string type = "bfloat16")
    {
        var folder = Directory.CreateDirectory(Path.Combine(parent, name)).FullName;
        Config(folder, quantization, type);
        File.WriteAllText(Path.Combine(folder, "tokenizer_config.json"), """{"chat_template":"{{ messages }}"}""");
        Weights(Path.Combine(folder, "model.safetensors"), ("a", "BF16", [4, 8]), ("b", "BF16", [16]));
        return folder;
    }

    public static void Config(string folder, string? quantization = null, string type = "bfloat16") => File.WriteAllText(
        Path.Combine(folder, "config.json"),
        $$"""
        {"architectures":["LlamaForCausalLM"],"model_type":"llama","hidden_size":64,"num_hidden_layers":2,"num_attention_heads":4,"num_key_value_heads":2,"max_position_embeddings":2048,
        "torch_dtype":"{{type}}"{{(quantization is null ? "" : $",\"quantization_config\":{quantization}")}}}
        """);

    public static void Weights(string file, params (string Name, string Type, int[] Shape)[] tensors)
    {
        var at = 0;
        var entries = new List<string>();
        foreach (var (name, type, shape) in tensors)
        {
            var size = shape.Aggregate(1, (product, length) => product * length) * (type is "I32" or "F32" ? 4 : 2);
            entries.Add($$"""{{Quoted(name)}}:{"dtype":"{{type}}","shape":[{{string.Join(',', shape)}}],"data_offsets":[{{at}},{{at + size}}]}""");
            at += size;
        }

        var head = Encoding.UTF8.GetBytes("{\"__metadata__\":{\"format\":\"pt\"}," + string.Join(',', entries) + "}");
        var bytes = new byte[8 + head.Length + at];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, (ulong)head.Length);
        head.CopyTo(bytes, 8);
        File.WriteAllBytes(file, bytes);
    }

    private static string Quoted(string name) => $"\"{name}\"";
}
