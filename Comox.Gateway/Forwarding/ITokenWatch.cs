namespace Comox.Gateway.Forwarding;

/// <summary>Is told of every token of an answer as it comes.</summary>
internal interface ITokenWatch
{
    /// <param name="timestamp">Of the injected clock.</param>
    void TokenAt(long timestamp);
}
