using System.Net;

namespace Comox.Web;

internal static partial class WebLog
{
    [LoggerMessage(1, LogLevel.Warning, "A sign-in to the console from {Address} was refused: not the admin key.")]
    public static partial void SignInRefused(ILogger logger, IPAddress? address);

    [LoggerMessage(2, LogLevel.Information, "The node agent's events are followed: node {Node}.")]
    public static partial void NodeFollowed(ILogger logger, string node);

    [LoggerMessage(3, LogLevel.Warning, "The node {Node} is lost: its event stream ended ({Cause}). Asking again until it answers.")]
    public static partial void NodeLost(ILogger logger, string node, string cause);

    [LoggerMessage(4, LogLevel.Error, "Following the node agent's events failed. Asking again.")]
    public static partial void NodeFollowFailed(ILogger logger, Exception cause);

    [LoggerMessage(5, LogLevel.Error, "Asking the gateway for its nodes failed. Asking again.")]
    public static partial void FleetNotAsked(ILogger logger, Exception cause);

    [LoggerMessage(6, LogLevel.Debug, "The model of {Character} could not be made ready before somebody asks: {Problem}")]
    public static partial void NotWarmed(ILogger logger, string character, string problem);
}
