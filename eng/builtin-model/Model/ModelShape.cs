namespace Comox.BuiltInModel.Model;

/// <summary>
/// A llama: RMSNorm, rotary positions on adjacent pairs, SwiGLU, the output shares the embedding's matrix. With <see cref="Mixers"/> it is Liquid AI's LFM2 (2025), which has
/// short convolutions in the place of some layers' attention, and norms for queries and keys.
/// </summary>
internal sealed record ModelShape
{
    public int Vocabulary { get; init; } = 2048;

    public int Layers { get; init; } = 4;

    /// <summary>What a layer has the tokens see one another by, a letter each: 'a' attention, 'c' a convolution over a token and the two before it. Empty: a llama.</summary>
    public string Mixers { get; init; } = "";

    /// <summary>Width of the residual stream.</summary>
    public int Width { get; init; } = 256;

    public int Heads { get; init; } = 4;

    /// <summary>Width inside the feed-forward part.</summary>
    public int FeedForward { get; init; } = 704;

    public int Context { get; init; } = 1024;

    public float RopeBase { get; init; } = 10_000;

    public float NormEpsilon { get; init; } = 1e-5f;

    /// <summary>Tokens that a convolution sees: the one itself and those before it.</summary>
    public const int Taps = 3;

    /// <summary>As llama.cpp calls it, in a file and before the names of its sizes.</summary>
    public string Architecture => IsHybrid ? "lfm2" : "llama";

    public int HeadWidth => Width / Heads;

    public bool IsHybrid => Mixers.Length > 0;

    /// <summary>Those with attention, from 0.</summary>
    public IEnumerable<int> AttentionLayers => Enumerable.Range(0, Layers).Where(layer => !IsConvolution(layer));

    public long Parameters => ((long)Vocabulary * Width) + (Layers * ((4L * Width * Width) + (3L * Width * FeedForward) + (2 * Width))) + Width
        + Mixers.Sum(mixer => mixer == 'c' ? (long)Taps * Width : 2L * HeadWidth);

    public bool IsConvolution(int layer) => IsHybrid && Mixers[layer] == 'c';

    public static ModelShape From(Options options, int vocabulary)
    {
        if (options.Has("layers") && options.Has("mixers"))
            throw new UsageException("Either --mixers, or --layers for a llama.");
        var mixers = options.Has("layers") ? "" : options.Text("mixers", "cacaca");
        var shape = new ModelShape
        {
            Vocabulary = vocabulary,
            Layers = mixers.Length > 0 ? mixers.Length : options.Number("layers", 4),
            Mixers = mixers,
            Width = options.Number("dim", 256),
            Heads = options.Number("heads", 4),
            FeedForward = options.Number("ffn", mixers.Length > 0 ? 384 : 704),
        };
        shape.Check();
        return shape;
    }

    /// <exception cref="UsageException">It cannot be trained, or not be written.</exception>
    public void Check()
    {
        // Q8_0 has blocks of 32 weights along a row.
        if (Layers < 1 || Heads < 1 || Width % 32 != 0 || FeedForward % 32 != 0 || Width % Heads != 0 || HeadWidth % 2 != 0)
            throw new UsageException("--dim and --ffn must be multiples of 32, and --dim a multiple of two times --heads.");
        if (IsHybrid && (Mixers.Length != Layers || Mixers.Any(mixer => mixer is not ('a' or 'c')) || !Mixers.Contains('a')))
            throw new UsageException("--mixers has a letter for each layer: a (attention) or c (convolution), and one a at least.");
    }
}
