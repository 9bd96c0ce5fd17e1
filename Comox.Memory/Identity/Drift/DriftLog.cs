namespace Comox.Memory.Identity.Drift;

/// <summary>What is logged of drift: ids and figures, never what anybody said.</summary>
internal static partial class DriftLog
{
    [LoggerMessage(60, LogLevel.Information, "Session {Session}: {Character} (version {Version}) has drifted at turn {Turn}: {Level} of {Threshold}, above all in {Leading}; its identity is anchored anew")]
    public static partial void Drifted(ILogger log, string session, string character, int version, string turn, double level, double threshold, string leading);
}
