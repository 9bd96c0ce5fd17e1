namespace Comox.Gateway.Routing;

internal static partial class RoutingLog
{
    [LoggerMessage(Level = LogLevel.Information, Message = "Settings read again: revision {Revision}, {Routes} routes")]
    public static partial void SettingsTaken(ILogger logger, int revision, int routes);

    [LoggerMessage(Level = LogLevel.Error, Message = "The changed settings are not valid, and those before stay in force: {Faults}")]
    public static partial void SettingsRefused(ILogger logger, string faults);
}
