using System.Globalization;

namespace Comox.FakeBackend.Simulation;

/// <summary>What is wrong with a simulated engine.</summary>
public enum EngineFaultKind
{
    None,

    /// <summary>Its computing loop hangs: <c>/health</c> is well, and whatever the loop answers (<c>/slots</c>, <c>/metrics</c>, tokens) does not come.</summary>
    Stalled,

    /// <summary>All its pages are well, and it writes no token.</summary>
    Lying,

    /// <summary>Every step takes so many times longer.</summary>
    Slow,
}

/// <param name="Kind">What.</param>
/// <param name="Factor">Of <see cref="EngineFaultKind.Slow"/>.</param>
public readonly record struct EngineFault(EngineFaultKind Kind, double Factor = 1)
{
    /// <summary>The variable that names the folder with the file <see cref="FileName"/>: how a process is told what it suffers from.</summary>
    public const string Folder = "SIMULATED_ENGINE_FOLDER";

    public static readonly EngineFault None = new(EngineFaultKind.None);

    public const string FileName = "fault";

    /// <summary>Makes the engine process suffer; another process, started in its place, does not.</summary>
    public void Inflict(string folder, int process)
    {
        var file = Path.Combine(folder, FileName);
        File.WriteAllText(file + ".new", string.Create(CultureInfo.InvariantCulture, $"{process} {Kind} {Factor}"));
        File.Move(file + ".new", file, overwrite: true);
    }

    public static EngineFault Read(string? folder)
    {
        if (folder is null || !File.Exists(Path.Combine(folder, FileName)))
            return None;
        var words = File.ReadAllText(Path.Combine(folder, FileName)).Split(' ');
        return words is [var process, var kind, var factor] && int.Parse(process, CultureInfo.InvariantCulture) == Environment.ProcessId
            ? new EngineFault(Enum.Parse<EngineFaultKind>(kind), double.Parse(factor, CultureInfo.InvariantCulture))
            : None;
    }
}
