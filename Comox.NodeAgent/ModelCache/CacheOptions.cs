using Comox.NodeAgent.ModelCache.Bundles;
using Comox.NodeAgent.ModelCache.Stores;

namespace Comox.NodeAgent.ModelCache;

/// <summary>Section <c>Comox:NodeAgent:Cache</c>: where models are kept, and how many.</summary>
internal sealed record CacheOptions
{
    public const string Section = $"{NodeAgentOptions.Section}:Cache";

    /// <summary>The folder; null: <c>models</c> in the data folder. May be one that huggingface_hub uses.</summary>
    public string? Path { get; set; }

    /// <summary>The most that all files in it may take; null: what the drive has.</summary>
    public string? Size { get; set; }

    /// <summary>What stays free on the drive.</summary>
    public string Reserve { get; set; } = "2GB";

    /// <summary>The id that the drive's marker must have; null: the one it had the first time.</summary>
    public string? Volume { get; set; }

    /// <summary>Models that are never evicted: <c>org/repo</c>, <c>org/repo:Q8_0</c>, <c>org/repo:file.gguf</c>.</summary>
    public IReadOnlyList<string> Pins { get; set; } = [];

    /// <summary>Connections of one download.</summary>
    public int Connections { get; set; } = 4;

    /// <summary>Addresses of other agents, which are asked before the hub; all have the same service key.</summary>
    public IReadOnlyList<Uri> Peers { get; set; } = [];

    /// <summary>A bucket that is asked before the hub; null: none.</summary>
    public S3Options? S3 { get; set; }

    /// <summary>Public keys of those whose bundles are taken.</summary>
    public IReadOnlyList<string> TrustedKeys { get; set; } = [];

    public long? SizeBytes => Size is null ? null : ByteSize.Parse(Size);

    public long ReserveBytes => ByteSize.Parse(Reserve) ?? 0;

    public static IEnumerable<string> Problems(CacheOptions options)
    {
        if (options.Path is { } path && !System.IO.Path.IsPathRooted(path))
            yield return $"{Section}:Path must be an absolute path; it is '{path}'.";
        if (options.Size is { } size && ByteSize.Parse(size) is null or 0)
            yield return $"{Section}:Size must be {ByteSize.Form}; it is '{size}'.";
        if (ByteSize.Parse(options.Reserve) is null)
            yield return $"{Section}:Reserve must be {ByteSize.Form}; it is '{options.Reserve}'.";
        if (options.Volume is { } volume && (volume.Length is 0 or > 100 || options.Path is null))
            yield return $"{Section}:Volume must be a name of 1 to 100 characters, and {Section}:Path must be set with it.";
        foreach (var pin in options.Pins.Where(pin => ModelReference.Parse(pin) is not ModelReference.OnHub))
            yield return $"{Section}:Pins must hold names such as org/repo or org/repo:Q8_0; one is '{pin}'.";
        foreach (var peer in options.Peers.Where(peer => !NodeAgentOptions.IsHttp(peer)))
            yield return $"{Section}:Peers must hold addresses such as http://box-2:8080; one is '{peer}'.";
        foreach (var problem in options.S3 is null ? [] : S3Options.Problems(options.S3))
            yield return problem;
        foreach (var key in options.TrustedKeys.Where(key => !BundleKeys.IsPublicKey(key)))
            yield return $"{Section}:TrustedKeys must hold keys as export prints them (base64 of 32 bytes); one is '{key}'.";
        if (options.Connections is < 1 or > 16)
            yield return $"{Section}:Connections must be between 1 and 16.";
    }
}
