namespace Comox.Gateway.Forwarding;

/// <summary>Is told of every token of an answer as it comes, and by whom.</summary>
internal interface ITokenWatch
{
    /// <param name="timestamp">Of the injected clock.</param>
    void TokenAt(long timestamp);

    /// <summary>Another backend was quicker than the one that was asked first: the answer is its, from its first token on.</summary>
    void AnswersInstead();
}
