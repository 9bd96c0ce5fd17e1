namespace Comox.Gateway.Tests;

/// <summary>Tests that put hundreds of requests on the machine at once: nobody else's timers should run meanwhile.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class AloneCollection
{
    public const string Name = "alone on the machine";
}
