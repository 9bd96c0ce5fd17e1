using Comox.Gateway.Forwarding;

namespace Comox.Gateway.Tests;

public sealed class ReplyFactsTests
{
    /// <summary>An answer that is continued elsewhere is told of twice; the engines report usage of the same prompt in every event.</summary>
    [Fact]
    public void Tokens_that_one_attempt_has_metered_the_next_does_not_meter_again()
    {
        var reply = new ReplyFacts { PromptTokens = 100, CachedTokens = 60, ReasoningTokens = 7, CompletionTokens = 10 };
        Assert.Equal((100, 60, 7, 10), Taken(reply));
        Assert.Equal((0, 0, 0, 0), Taken(reply));
        (reply.CachedTokens, reply.ReasoningTokens, reply.CompletionTokens) = (80, 9, 25);
        Assert.Equal((0, 20, 2, 15), Taken(reply));
    }

    private static (int Prompt, int Cached, int Reasoning, int Output) Taken(ReplyFacts reply) =>
        (reply.TakeUnmeteredPrompt(), reply.TakeUnmeteredCached(), reply.TakeUnmeteredReasoning(), reply.TakeUnmeteredOutput());
}
