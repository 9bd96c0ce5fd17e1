using Comox.FakeBackend.Vllm;
using Comox.TestKit;

namespace Comox.NodeAgent.Tests.VLlm;

/// <summary>The stand-in is worth what it refuses.</summary>
public sealed class FakeVllmTests
{
    [Theory]
    [InlineData(2, "unrecognized arguments: --no-such-flag", "serve", "/m", "--no-such-flag")]
    [InlineData(2, "argument --port: invalid value: 'x'", "serve", "/m", "--port", "x")]
    [InlineData(2, "argument --max-loras: expected one argument", "serve", "/m", "--max-loras")]
    [InlineData(2, "invalid choice", "serf")]
    [InlineData(1, "does not appear to have a file named config.json", "serve", "/nowhere")]
    public async Task It_ends_as_the_real_one_does(int code, string words, params string[] arguments)
    {
        await using var child = ChildProcess.StartDotnet(typeof(FakeVllm).Assembly.Location, ["vllm", .. arguments], []);
        Assert.Equal(code, await child.ExitAsync());
        Assert.Contains(words, child.Output);
    }
}
