using Comox.Gateway.Backends;
using Comox.Gateway.CircuitBreaking;

namespace Comox.Gateway.Tests.Pains;

/// <summary>What an engine refuses in the middle of its answer is the request's fault or its own, as it would be before.</summary>
public sealed class RequestsFaultTests
{
    [Theory]
    [InlineData("""{"error":{"code":400,"message":"The grammar ends here.","type":"BadRequestError"}}""")]
    [InlineData("""{"error":{"message":"This model's maximum context length is exceeded.","type":"invalid_request_error","code":"context_length_exceeded"}}""")]
    public async Task A_refusal_of_the_request_in_the_middle_is_passed_on_and_is_no_fault_of_the_backends(string error)
    {
        await using var routed = await StartAsync(error);

        var events = await routed.EventsAsync(RoutedGateway.Body(true));

        Assert.Equal(error, events[^1]);
        Assert.Equal("Hel", Chat.TextOf(events));
        Assert.Empty(routed.Servers[1].Requests);
        await routed.IsIdleAsync();
        Assert.Equal(CircuitState.Closed, routed.Backends.First().Circuit.State);
    }

    [Theory]
    [InlineData("""{"error":{"code":500,"message":"CUDA error","type":"server_error"}}""")]
    [InlineData("""{"error":{"code":429,"message":"Slow down","type":"rate_limit_error"}}""")]
    [InlineData("""{"error":{"message":"Overloaded","type":"overloaded_error"}}""")]
    [InlineData("""{"error":{"message":"Incorrect API key provided.","type":"invalid_request_error","code":"invalid_api_key"}}""")]
    public async Task A_fault_of_its_own_in_the_middle_is_the_backends_and_another_one_goes_on(string error)
    {
        await using var routed = await StartAsync(error);

        var events = await routed.EventsAsync(RoutedGateway.Body(true));

        Assert.Equal("Hello", Chat.TextOf(events));
        Assert.Equal("[DONE]", events[^1]);
        await Eventually.IsTrueAsync(() => routed.Backends.First().Circuit.State == CircuitState.Open, "the failure is counted");
    }

    private static Task<RoutedGateway> StartAsync(string error) => RoutedGateway.StartAsync(
        null,
        [("Circuit:ConsecutiveFailures", "1")],
        new At("a", BackendKinds.VLlm)
        {
            Script = new() { Tokens = ["Hel", "lo"], RawEvents = ["""data: {"choices":[{"index":0,"delta":{"role":"assistant","content":"Hel"},"finish_reason":null}]}""", $"data: {error}"] },
        },
        new At("b", BackendKinds.VLlm) { Script = new() { Tokens = ["Hel", "lo"] } });
}
