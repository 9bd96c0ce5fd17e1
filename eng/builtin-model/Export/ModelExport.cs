using Comox.BuiltInModel.Model;
using Comox.BuiltInModel.Tokenizer;
using Comox.BuiltInModel.Training;

namespace Comox.BuiltInModel.Export;

/// <summary><c>export --checkpoint FOLDER --out model.gguf --name NAME [--f32]</c></summary>
internal static class ModelExport
{
    public const string ChatTemplate =
        "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n' }}{% endfor %}"
        + "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}";

    private const string Description =
        "The built-in model of Comox: characters of a scripted domain that answer from what a prompt says about a person. Trained from nothing on generated text only.";

    public static void Run(Options options)
    {
        var (folder, path, name) = (options.Text("checkpoint"), options.Text("out"), options.Text("name", "comox-builtin"));
        var exact = options.Has("f32");
        options.NoOthers();
        Write(folder, path, name, quantize: !exact);
    }

    public static void Write(string folder, string path, string name, bool quantize = true)
    {
        var checkpoint = Checkpoint.Read(folder, out var values);
        var (file, shape, tokenizer) = (new GgufWriter(), checkpoint.Shape, SpmTokenizer.Parse(checkpoint.Tokenizer));
        file.Text("general.architecture", shape.Architecture);
        file.Text("general.name", name);
        file.Text("general.description", Description);
        file.Text("general.license", "mit");
        file.Unsigned("general.file_type", quantize ? 7u : 0u);
        file.Unsigned("general.quantization_version", 2);
        Sizes(file, shape);
        Tokens(file, tokenizer);
        Tensors(file, shape, values, quantize);
        file.Write(path);
        Console.WriteLine(FormattableString.Invariant($"{path}: {new FileInfo(path).Length / 1e6:F2} MB, {shape.Parameters / 1e6:F2} million weights, step {checkpoint.State.Step}"));
    }

    private static void Sizes(GgufWriter file, ModelShape shape)
    {
        void Size(string key, int value) => file.Unsigned($"{shape.Architecture}.{key}", (uint)value);
        Size("vocab_size", shape.Vocabulary);
        Size("context_length", shape.Context);
        Size("embedding_length", shape.Width);
        Size("block_count", shape.Layers);
        Size("feed_forward_length", shape.FeedForward);
        Size("attention.head_count", shape.Heads);
        Size("rope.dimension_count", shape.HeadWidth);
        file.Real($"{shape.Architecture}.attention.layer_norm_rms_epsilon", shape.NormEpsilon);
        file.Real($"{shape.Architecture}.rope.freq_base", shape.RopeBase);
        if (!shape.IsHybrid)
        {
            Size("attention.head_count_kv", shape.Heads);
            return;
        }

        // A layer without keys and values is one with a convolution.
        file.Integers("lfm2.attention.head_count_kv", [.. Enumerable.Range(0, shape.Layers).Select(layer => shape.IsConvolution(layer) ? 0 : shape.Heads)]);
        Size("shortconv.l_cache", ModelShape.Taps);
    }

    private static void Tokens(GgufWriter file, SpmTokenizer tokenizer)
    {
        file.Text("tokenizer.ggml.model", "llama");
        file.Texts("tokenizer.ggml.tokens", [.. tokenizer.Pieces.Select(piece => piece.Text)]);
        file.Reals("tokenizer.ggml.scores", [.. tokenizer.Pieces.Select(piece => piece.Score)]);
        file.Integers("tokenizer.ggml.token_type", [.. tokenizer.Pieces.Select(piece => (int)piece.Kind)]);
        file.Unsigned("tokenizer.ggml.unknown_token_id", 0);
        file.Unsigned("tokenizer.ggml.bos_token_id", (uint)tokenizer.Start);
        file.Unsigned("tokenizer.ggml.eos_token_id", (uint)tokenizer.End);
        file.Truth("tokenizer.ggml.add_bos_token", false);
        file.Truth("tokenizer.ggml.add_eos_token", false);
        file.Truth("tokenizer.ggml.add_space_prefix", false);
        file.Text("tokenizer.chat_template", ChatTemplate);
    }

    private static void Tensors(GgufWriter file, ModelShape shape, IReadOnlyDictionary<string, float[]> values, bool quantize)
    {
        var (width, inner) = (shape.Width, shape.FeedForward);
        void Matrix(string name, string source, int part, int rows, int columns) =>
            file.Tensor(name + ".weight", [rows, columns], values[source].AsSpan(part * rows * columns, rows * columns).ToArray(), quantize);
        void Norm(string name, string source) => file.Tensor(name + ".weight", [width], values[source], quantize: false);
        void Turned(string name, string source, int part) =>
            file.Tensor(name + ".weight", [width, width], Pairs.Written(shape, values[source].AsSpan(part * width * width, width * width), shape.Heads), quantize);
        void HeadNorm(string name, string source) => file.Tensor(name + ".weight", [shape.HeadWidth], Pairs.Written(shape, values[source], 1), quantize: false);

        Matrix("token_embd", "embedding", 0, shape.Vocabulary, width);
        Norm(shape.IsHybrid ? "token_embd_norm" : "output_norm", "final_norm");
        for (var layer = 0; layer < shape.Layers; layer++)
        {
            Norm($"blk.{layer}.attn_norm", $"{layer}.attention_norm");
            if (shape.IsConvolution(layer))
            {
                Matrix($"blk.{layer}.shortconv.in_proj", $"{layer}.bcx", 0, 3 * width, width);
                file.Tensor($"blk.{layer}.shortconv.conv.weight", [width, ModelShape.Taps], values[$"{layer}.kernel"], quantize: false);
                Matrix($"blk.{layer}.shortconv.out_proj", $"{layer}.output", 0, width, width);
            }
            else
            {
                Turned($"blk.{layer}.attn_q", $"{layer}.qkv", 0);
                Turned($"blk.{layer}.attn_k", $"{layer}.qkv", 1);
                Matrix($"blk.{layer}.attn_v", $"{layer}.qkv", 2, width, width);
                Matrix($"blk.{layer}.attn_output", $"{layer}.output", 0, width, width);
                if (shape.IsHybrid)
                {
                    HeadNorm($"blk.{layer}.attn_q_norm", $"{layer}.query_norm");
                    HeadNorm($"blk.{layer}.attn_k_norm", $"{layer}.key_norm");
                }
            }

            Norm($"blk.{layer}.ffn_norm", $"{layer}.feed_forward_norm");
            Matrix($"blk.{layer}.ffn_gate", $"{layer}.gate_up", 0, inner, width);
            Matrix($"blk.{layer}.ffn_up", $"{layer}.gate_up", 1, inner, width);
            Matrix($"blk.{layer}.ffn_down", $"{layer}.down", 0, width, inner);
        }
    }
}
