using Comox.BuiltInModel.Model;
using Comox.BuiltInModel.Tokenizer;
using Comox.BuiltInModel.Training;

namespace Comox.BuiltInModel.Export;

/// <summary>What <see cref="ModelExport"/> wrote, as something to go on from. Weights of 8 bits come back rounded as they are.</summary>
internal static class ModelImport
{
    /// <param name="path">The folder of a training, its checkpoint, or a <c>.gguf</c> of this program.</param>
    public static (LlamaWeights Weights, SpmTokenizer Tokenizer) Read(string path)
    {
        if (!path.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase))
        {
            var checkpoint = Checkpoint.Read(path, out var kept);
            return (Filled(checkpoint.Shape, kept), SpmTokenizer.Parse(checkpoint.Tokenizer));
        }

        var file = new GgufReader(path);
        var (tokenizer, shape) = (Tokens(file), Shape(file, path));
        return (Filled(shape, Tensors(file, shape)), tokenizer);
    }

    private static LlamaWeights Filled(ModelShape shape, IReadOnlyDictionary<string, float[]> values)
    {
        var weights = new LlamaWeights(shape, 1);
        Checkpoint.Fill(weights.All, values);
        return weights;
    }

    private static ModelShape Shape(GgufReader file, string path)
    {
        var kind = file.Entry<string>("general.architecture");
        int Size(string key) => checked((int)file.Entry<uint>($"{kind}.{key}"));
        char Mixer(int heads) => heads == 0 ? 'c' : heads == Size("attention.head_count") ? 'a' : '?';
        var mixers = kind == "lfm2" ? string.Concat(file.Entries<int>("lfm2.attention.head_count_kv").Select(Mixer)) : "";
        var isOwn = kind switch
        {
            "llama" => Size("attention.head_count") == Size("attention.head_count_kv"),
            "lfm2" => !mixers.Contains('?') && Size("shortconv.l_cache") == ModelShape.Taps,
            _ => false,
        };
        if (!isOwn || file.Has("output.weight"))
            throw new InvalidDataException($"{path} is not of this program: it trains llama and lfm2 whose embedding is their output, with keys and values for each head.");
        var shape = new ModelShape
        {
            Mixers = mixers,
            Vocabulary = file.Entries<string>("tokenizer.ggml.tokens").Length,
            Layers = Size("block_count"),
            Width = Size("embedding_length"),
            Heads = Size("attention.head_count"),
            FeedForward = Size("feed_forward_length"),
            Context = Size("context_length"),
            RopeBase = file.Entry<float>($"{kind}.rope.freq_base"),
            NormEpsilon = file.Entry<float>($"{kind}.attention.layer_norm_rms_epsilon"),
        };
        shape.Check();
        return shape;
    }

    private static SpmTokenizer Tokens(GgufReader file)
    {
        if (file.Entry<string>("tokenizer.ggml.model") != "llama" || file.Entry<bool>("tokenizer.ggml.add_space_prefix"))
            throw new InvalidDataException("The file's tokenizer is not of this program.");
        var (texts, scores, kinds) = (file.Entries<string>("tokenizer.ggml.tokens"), file.Entries<float>("tokenizer.ggml.scores"), file.Entries<int>("tokenizer.ggml.token_type"));
        return new SpmTokenizer([.. texts.Zip(scores, kinds).Select(piece => new Piece(piece.First, piece.Second, (PieceKind)piece.Third))]);
    }

    private static Dictionary<string, float[]> Tensors(GgufReader file, ModelShape shape)
    {
        var (width, inner) = (shape.Width, shape.FeedForward);
        var values = new Dictionary<string, float[]>
        {
            ["embedding"] = file.Tensor("token_embd.weight", shape.Vocabulary, width),
            ["final_norm"] = file.Tensor(shape.IsHybrid ? "token_embd_norm.weight" : "output_norm.weight", width),
        };
        for (var layer = 0; layer < shape.Layers; layer++)
        {
            float[] Of(string name, params long[] size) => file.Tensor($"blk.{layer}.{name}.weight", size);
            float[] Turned(string name) => Pairs.Read(shape, Of(name, width, width), shape.Heads);
            float[] HeadNorm(string name) => Pairs.Read(shape, Of(name, shape.HeadWidth), 1);
            values[$"{layer}.attention_norm"] = Of("attn_norm", width);
            if (shape.IsConvolution(layer))
            {
                values[$"{layer}.bcx"] = Of("shortconv.in_proj", 3 * width, width);
                values[$"{layer}.kernel"] = Of("shortconv.conv", width, ModelShape.Taps);
                values[$"{layer}.output"] = Of("shortconv.out_proj", width, width);
            }
            else
            {
                values[$"{layer}.qkv"] = [.. Turned("attn_q"), .. Turned("attn_k"), .. Of("attn_v", width, width)];
                values[$"{layer}.output"] = Of("attn_output", width, width);
                if (shape.IsHybrid)
                    (values[$"{layer}.query_norm"], values[$"{layer}.key_norm"]) = (HeadNorm("attn_q_norm"), HeadNorm("attn_k_norm"));
            }

            values[$"{layer}.feed_forward_norm"] = Of("ffn_norm", width);
            values[$"{layer}.gate_up"] = [.. Of("ffn_gate", inner, width), .. Of("ffn_up", inner, width)];
            values[$"{layer}.down"] = Of("ffn_down", width, inner);
        }

        return values;
    }
}
