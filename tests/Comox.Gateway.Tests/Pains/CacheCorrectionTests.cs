using Comox.FakeBackend;
using Comox.Gateway.Backends;
using Microsoft.Extensions.DependencyInjection;

namespace Comox.Gateway.Tests.Pains;

/// <summary>A router that never hears what the engine's cache really held drifts away from it.</summary>
public sealed class CacheCorrectionTests
{
    [Fact]
    public async Task An_engine_that_never_has_what_was_predicted_is_trusted_less_and_less()
    {
        var nothingCached = new FakeScript
        {
            RawEvents =
            [
                """data: {"choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":null}]}""",
                """data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}""",
                """data: {"choices":[],"usage":{"prompt_tokens":1000,"completion_tokens":1,"total_tokens":1001,"prompt_tokens_details":{"cached_tokens":0}}}""",
                "data: [DONE]",
            ],
        };
        await using var gateway = await GatewayUnderTest.StartAsync(nothingCached);
        var load = gateway.Service.Services.GetRequiredService<Fleet>().Current.Pools.Single().Ready[0].Load;
        var chat = Chat.Streamed.Replace("Hi", new string('x', 8000));

        for (var i = 0; i < 3; i++)
            await (await gateway.SendAsync(chat)).Content.ReadAsStringAsync();
        await Eventually.IsTrueAsync(() => load.CacheTrust < 0.1, "the prediction is no longer believed");
    }
}
