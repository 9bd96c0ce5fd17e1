using Comox.TestKit;

namespace Comox.AllInOne.Tests;

internal static class RealEngine
{
    /// <summary>Skips the test, saying why, on a machine where no llama-server can be had.</summary>
    public static void Require() => Assert.SkipWhen(TestEngine.Path is null, TestEngine.SkipReason);
}
