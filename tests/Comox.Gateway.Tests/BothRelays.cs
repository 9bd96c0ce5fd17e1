using Comox.FakeBackend;
using Comox.Gateway.Forwarding;
using Microsoft.AspNetCore.Builder;

namespace Comox.Gateway.Tests;

/// <summary>What a client sees must not depend on what carries the bytes: these tests run once over each relay.</summary>
public abstract class BothRelays(string relay)
{
    private protected Task<GatewayUnderTest> StartAsync(
        FakeScript? script = null, TimeProvider? time = null, bool ready = true, Action<WebApplicationBuilder>? change = null, params (string Key, string Value)[] settings)
    {
        Assert.SkipWhen(relay == RelayOptions.Linux && !OperatingSystem.IsLinux(), "This relay is Linux's.");
        return GatewayUnderTest.StartAsync(script, time, ready, change, [.. settings, ("Relay:Mode", relay)]);
    }
}
