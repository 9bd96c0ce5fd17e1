using System.Text;
using Comox.NodeAgent.ModelCache;

namespace Comox.NodeAgent.Tests.ModelCache;

public sealed class GgufFileTests : IDisposable
{
    private readonly string _path = Path.Combine(Directory.CreateTempSubdirectory("comox-gguf-").FullName, "model.gguf");

    public void Dispose() => Directory.Delete(Path.GetDirectoryName(_path)!, recursive: true);

    [Fact]
    public void The_built_in_model_is_read()
    {
        Assert.True(GgufFile.TryRead(Path.Combine(AppContext.BaseDirectory, "nodeagent", BuiltInModel.FileName), out var info, out _));
        Assert.Equal("lfm2", info.Architecture);
        Assert.Equal("keepsake", info.Name);
        Assert.Equal(4_134_784, info.Parameters);
        Assert.Equal(1024, info.ContextTokens);
        Assert.True(info.HasChatTemplate);
        Assert.False(info.IsEncoder);
        Assert.True(BuiltInModel.Is(info));
    }

    [Fact]
    public void A_model_in_parts_is_as_large_as_all_of_them_and_a_missing_one_is_named()
    {
        var folder = Path.GetDirectoryName(_path)!;
        var (first, second) = (Path.Combine(folder, "m-00001-of-00002.gguf"), Path.Combine(folder, "m-00002-of-00002.gguf"));
        var whole = TinyGguf();
        File.WriteAllBytes(first, whole);
        Assert.False(GgufFile.TryRead(first, out _, out var problem));
        Assert.Equal("its part m-00002-of-00002.gguf is missing", problem);

        // What split models have of the model is in the first part alone.
        File.WriteAllBytes(second, FurtherPart("blk.0.attn_q.weight"));
        Assert.True(GgufFile.TryRead(first, out var info, out problem), problem);
        Assert.Equal((whole.Length + new FileInfo(second).Length, 16L), (info.SizeBytes, info.Parameters));
        Assert.Equal(["blk.0.attn_q.weight", "token_embd.weight"], info.Tensors.Keys.Order(StringComparer.Ordinal));
        Assert.Equal([first, second], new ChosenModel(first, "configured", info).Weights);
    }

    [Fact]
    public void An_embedding_model_is_known_as_an_encoder()
    {
        Assert.True(GgufFile.TryRead(Path.Combine(AppContext.BaseDirectory, "nodeagent", "tiny-embed.gguf"), out var info, out _));
        Assert.True(info.IsEncoder);
    }

    [Fact]
    public void A_file_cut_at_any_byte_is_refused_with_a_reason()
    {
        var whole = TinyGguf();
        Assert.True(Read(whole, out _));
        for (var length = 0; length < whole.Length; length++)
        {
            Assert.False(Read(whole[..length], out var problem), $"cut at {length}");
            Assert.Contains(problem, new[] { "it is cut short", "it is not a GGUF file" });
        }
    }

    [Fact]
    public void A_damaged_file_never_throws_and_never_takes_long()
    {
        var random = new Random(20_261_123);
        var whole = TinyGguf();
        for (var i = 0; i < 5_000; i++)
        {
            var damaged = whole.ToArray();
            for (var hits = random.Next(1, 6); hits > 0; hits--)
                damaged[random.Next(4, damaged.Length)] = (byte)random.Next(256);
            if (!Read(damaged, out var problem))
                Assert.NotEmpty(problem!);
        }
    }

    [Theory]
    [InlineData("<html>404</html>")]
    [InlineData("version https://git-lfs.github.com/spec/v1")]
    public void Another_kind_of_file_is_named_as_such(string text)
    {
        Assert.False(Read(Encoding.UTF8.GetBytes(text), out var problem));
        Assert.Equal("it is not a GGUF file", problem);
    }

    [Fact]
    public void Of_layers_that_differ_only_those_with_attention_keep_keys_and_values()
    {
        File.WriteAllBytes(_path, TinyGguf(architecture: "lfm2", keyValueHeads: [0, 2, 0, 4]));
        Assert.True(GgufFile.TryRead(_path, out var info, out _));
        Assert.Equal((2 + 4) * (16 + 16) * 2, info.KeyValueBytesPerToken); // Four heads of 64 / 4 each.
    }

    [Fact]
    public void A_missing_file_is_a_reason_and_no_exception()
    {
        Assert.False(GgufFile.TryRead("/nowhere/model.gguf", out _, out var problem));
        Assert.StartsWith("it cannot be read", problem);
    }

    private bool Read(byte[] bytes, out string? problem)
    {
        File.WriteAllBytes(_path, bytes);
        return GgufFile.TryRead(_path, out _, out problem);
    }

    /// <summary>No entry and one tensor of 2 × 4 F32, at the beginning.</summary>
    internal static byte[] FurtherPart(string tensor) =>
    [
        .. "GGUF"u8, .. BitConverter.GetBytes(3u), .. BitConverter.GetBytes(1ul), .. BitConverter.GetBytes(0ul),
        .. BitConverter.GetBytes((ulong)tensor.Length), .. Encoding.UTF8.GetBytes(tensor), .. BitConverter.GetBytes(2u), .. BitConverter.GetBytes(2ul), .. BitConverter.GetBytes(4ul),
        .. BitConverter.GetBytes(0u), .. BitConverter.GetBytes(0ul), 1, 2, 3,
    ];

    /// <summary>Two texts, a number, an array of texts and an array of numbers; one tensor of 2 × 4 F32. With heads a layer each, the sizes that go with them.</summary>
    internal static byte[] TinyGguf(string name = "tiny", string architecture = "llama", bool chat = true, int[]? keyValueHeads = null)
    {
        using var stream = new MemoryStream();
        using var writer = new BinaryWriter(stream);
        writer.Write("GGUF"u8);
        writer.Write(3u);
        writer.Write(1ul);
        writer.Write((chat ? 6ul : 5ul) + (keyValueHeads is null ? 0ul : 4ul));
        Key("general.architecture", 8);
        Text(architecture);
        Key("general.name", 8);
        Text(name);
        Key($"{architecture}.context_length", 4);
        writer.Write(2048u);
        Key("tokenizer.ggml.tokens", 9);
        writer.Write(8u);
        writer.Write(2ul);
        Text("<unk>");
        Text("a");
        Key("tokenizer.ggml.scores", 9);
        writer.Write(6u);
        writer.Write(2ul);
        writer.Write(0f);
        writer.Write(-1f);
        if (chat)
        {
            Key("tokenizer.chat_template", 8);
            Text("{{ messages }}");
        }

        if (keyValueHeads is not null)
        {
            foreach (var (key, value) in new[] { ("block_count", keyValueHeads.Length), ("attention.head_count", 4), ("embedding_length", 64) })
            {
                Key($"{architecture}.{key}", 4);
                writer.Write(value);
            }

            Key($"{architecture}.attention.head_count_kv", 9);
            writer.Write(5u);
            writer.Write((ulong)keyValueHeads.Length);
            foreach (var heads in keyValueHeads)
                writer.Write(heads);
        }

        Text("token_embd.weight");
        writer.Write(2u);
        writer.Write(2ul);
        writer.Write(4ul);
        writer.Write(0u);
        writer.Write(0ul);
        writer.Write((byte)1);
        writer.Flush();
        return stream.ToArray();

        void Key(string key, uint type)
        {
            Text(key);
            writer.Write(type);
        }

        void Text(string text)
        {
            writer.Write((ulong)Encoding.UTF8.GetByteCount(text));
            writer.Write(Encoding.UTF8.GetBytes(text));
        }
    }
}
