using Microsoft.Extensions.Options;

namespace Comox.Gateway.Forwarding;

/// <summary>Section <c>Comox:Gateway:Relay</c>: how the bytes of streams are carried.</summary>
internal sealed record RelayOptions
{
    public const string Section = "Comox:Gateway:Relay";
    public const string Auto = "auto";
    public const string Linux = "linux";
    public const string Portable = "portable";

    /// <summary><c>auto</c>: socket loops of our own on Linux, else the portable relay; <c>linux</c>: insist; <c>portable</c>: never.</summary>
    public string Mode { get; set; } = Auto;

    /// <summary>Threads that carry streams; 0: half the cores.</summary>
    public int Loops { get; set; }

    public IEnumerable<string> Faults()
    {
        if (Mode is not (Auto or Linux or Portable))
            yield return $"{Section}:{nameof(Mode)} must be auto, linux or portable, not '{Mode}'.";
        if (Mode == Linux && !OperatingSystem.IsLinux())
            yield return $"{Section}:{nameof(Mode)} is linux, and this machine is not; auto chooses by itself.";
        if (Loops is < 0 or > 64)
            yield return $"{Section}:{nameof(Loops)} must be between 0 (chosen by the number of cores) and 64.";
    }
}

internal sealed class RelayOptionsValidator : IValidateOptions<RelayOptions>
{
    public ValidateOptionsResult Validate(string? name, RelayOptions options)
    {
        string[] faults = [.. options.Faults()];
        return faults.Length == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(faults);
    }
}
