using System.Globalization;

namespace Comox.NodeAgent.Engines;

/// <summary>An exit code in words.</summary>
internal static class EngineEnding
{
    // A process that a signal ended is reported as 128 + signal.
    public static string Of(int exitCode) => exitCode switch
    {
        137 => "was killed (signal 9; the system does that when memory runs out)",
        139 => "crashed (signal 11)",
        135 => "could not read memory that its model's file stands for (signal 7: the file was cut short, or its disk fails)",
        134 => "aborted (signal 6)",
        132 => "crashed on an instruction this CPU does not have (signal 4)",
        > 128 and < 160 => string.Create(CultureInfo.InvariantCulture, $"was ended by signal {exitCode - 128}"),
        _ => string.Create(CultureInfo.InvariantCulture, $"exited with code {exitCode}"),
    };
}
