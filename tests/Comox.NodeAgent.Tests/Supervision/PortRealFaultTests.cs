using System.Net;
using System.Net.Sockets;
using Comox.NodeAgent.Supervision;
using Comox.NodeAgent.Tests.Health.Engines;
using Comox.ServiceDefaults.Contracts.Nodes;
using Comox.TestKit;
using Microsoft.Extensions.DependencyInjection;

namespace Comox.NodeAgent.Tests.Supervision;

/// <summary>A real engine whose port another program takes, between our choice of it and the engine's start.</summary>
[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
public sealed class PortRealFaultTests
{
    public PortRealFaultTests() => Assert.SkipWhen(TestEngine.Path is null, TestEngine.SkipReason);

    [Fact]
    public async Task A_port_that_is_stolen_is_named_and_the_next_start_has_another()
    {
        using var thief = new Thief();
        await using var agent = await RunningAgent.StartAsync(services: services => services.AddSingleton<ILoopbackPorts>(thief));
        var restarting = await agent.UntilAsync(EngineStates.Restarting);
        Assert.Contains("couldn't bind HTTP server socket", restarting.Reason);
        Assert.Contains("another program took the port first, and the next start gets another port", restarting.Reason);

        var ready = await agent.UntilAsync(EngineStates.Ready);
        Assert.Equal(1, ready.Restarts);
        Assert.NotEqual(thief.Stolen, agent.Engine.Endpoint!.Address.Port);
        using var answer = await EngineRealFaultTests.AskAsync(agent);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }

    private sealed class Thief : ILoopbackPorts, IDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);

        public int? Stolen { get; private set; }

        public int? Free(out string? problem)
        {
            if (Stolen is not null)
                return new LoopbackPorts().Free(out problem);
            problem = null;
            _listener.Start();
            return Stolen = ((IPEndPoint)_listener.LocalEndpoint).Port;
        }

        public void Dispose() => _listener.Dispose();
    }
}
