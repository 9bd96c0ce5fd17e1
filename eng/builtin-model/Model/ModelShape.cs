namespace Comox.BuiltInModel.Model;

/// <summary>A llama: RMSNorm, rotary positions on adjacent pairs, SwiGLU, the output shares the embedding's matrix.</summary>
internal sealed record ModelShape
{
    public int Vocabulary { get; init; } = 2048;

    public int Layers { get; init; } = 4;

    /// <summary>Width of the residual stream.</summary>
    public int Width { get; init; } = 256;

    public int Heads { get; init; } = 4;

    /// <summary>Width inside the feed-forward part.</summary>
    public int FeedForward { get; init; } = 704;

    public int Context { get; init; } = 1024;

    public float RopeBase { get; init; } = 10_000;

    public float NormEpsilon { get; init; } = 1e-5f;

    public int HeadWidth => Width / Heads;

    public long Parameters => ((long)Vocabulary * Width) + (Layers * ((4L * Width * Width) + (3L * Width * FeedForward) + (2 * Width))) + Width;

    public static ModelShape From(Options options, int vocabulary)
    {
        var shape = new ModelShape
        {
            Vocabulary = vocabulary,
            Layers = options.Number("layers", 4),
            Width = options.Number("dim", 256),
            Heads = options.Number("heads", 4),
            FeedForward = options.Number("ffn", 704),
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
    }
}
