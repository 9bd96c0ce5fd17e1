using Comox.FakeBackend.Simulation;

namespace Comox.NodeAgent.Tests.Swapping;

/// <summary>The simulated card against what was measured on real ones, and the simulated engine against what an engine must do.</summary>
public sealed class CardModelTests
{
    private const long TwelveBillion = 12_450_000_000;
    private const long EightBillion = 8_500_000_000;

    // vLLM 0.23, a 12B model of 8 bits on an RTX 3090 at 220 W, 512 tokens in and 256 out: milliseconds for a token (github.com/alesha-pro/4x3090-llm-benchmarks).
    [Theory]
    [InlineData(1, 24.5)]
    [InlineData(2, 24.3)]
    [InlineData(4, 25.0)]
    [InlineData(8, 26.9)]
    [InlineData(16, 31.5)]
    [InlineData(32, 38.9)]
    [InlineData(64, 59.4)]
    public void A_token_takes_what_was_measured_within_a_tenth(int batch, double measured) =>
        Assert.InRange(1000 * new CardModel().TokenSeconds(TwelveBillion, batch, batch * 384L), measured * 0.9, measured * 1.13);

    [Fact]
    public void A_model_is_loaded_at_the_speed_of_the_slowest_leg()
    {
        Assert.InRange(new CardModel().LoadSeconds(EightBillion, inPageCache: false), 2.4, 2.6);
        Assert.InRange(new CardModel().LoadSeconds(EightBillion, inPageCache: true), 1.4, 1.6);
        Assert.InRange(new CardModel(CopyBytesPerSecond: 0.9e9).LoadSeconds(EightBillion, inPageCache: true), 10, 10.5);
    }

    [Fact]
    public void Every_request_is_answered_whole_once_whatever_fits_at_once()
    {
        var random = new Random(7);
        var batch = new SimulatedBatch(new CardModel(), EightBillion, kvTokens: 6000, mostAtOnce: 8);
        var calls = Enumerable.Range(0, 60).Select(_ => new SimulatedCall(random.Next(1, 5000), random.Next(0, 500), random.Next(1, 60))).ToList();
        var (first, done, most, seconds) = (new List<SimulatedCall>(), new List<SimulatedCall>(), 0, 0.0);
        foreach (var call in calls)
            batch.Add(call);
        for (var step = 0; !batch.IsIdle; step++)
        {
            Assert.True(step < 100_000);
            seconds += batch.StepSeconds();
            most = Math.Max(most, batch.Running);
            batch.Step(
                call =>
                {
                    Assert.DoesNotContain(call, done);
                    first.Add(call);
                },
                done.Add);
        }

        Assert.Equal(calls.Count, first.Distinct().Count());
        Assert.Equal(calls.OrderBy(call => call.GetHashCode()), done.OrderBy(call => call.GetHashCode()));
        Assert.InRange(most, 2, 8);
        Assert.True(seconds > calls.Sum(call => new CardModel().PrefillSeconds(EightBillion, call.PromptTokens - call.CachedTokens)));
    }
}
