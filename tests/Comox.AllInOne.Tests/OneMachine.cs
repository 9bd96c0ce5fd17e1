using Comox.TestKit;

namespace Comox.AllInOne.Tests;

/// <summary>One running Comox with the built-in model on the real llama-server, shared by the tests that only talk to it.</summary>
public sealed class OneMachine : IAsyncLifetime
{
    private readonly TempHome _home = new();

    internal AllInOneProcess Comox { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        RealEngine.Require();
        Comox = await AllInOneProcess.StartAsync(_home.Path);
        Assert.StartsWith("  Ready:", await Comox.EngineAsync(), StringComparison.Ordinal);
    }

    public async ValueTask DisposeAsync()
    {
        if (Comox is not null)
            await Comox.DisposeAsync();
        _home.Dispose();
    }
}

[CollectionDefinition(nameof(OneMachine))]
public sealed class OneMachineCollection : ICollectionFixture<OneMachine>;
