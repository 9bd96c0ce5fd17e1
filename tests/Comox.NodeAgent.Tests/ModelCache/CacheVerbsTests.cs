using System.Security.Cryptography;
using Comox.ServiceDefaults;
using Comox.TestKit;

namespace Comox.NodeAgent.Tests.ModelCache;

/// <summary>The program's verbs, as a person types them.</summary>
public sealed class CacheVerbsTests : IDisposable
{
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("comox-verbs-");

    public void Dispose() => _root.Delete(recursive: true);

    [Fact]
    public async Task A_model_is_fetched_here_carried_in_a_file_and_taken_there()
    {
        var model = RandomNumberGenerator.GetBytes(200_000);
        var bundle = Path.Combine(_root.FullName, "m.tar");
        await using var hub = await TestHub.StartAsync(("m-q8_0.gguf", model));

        var (fetched, path) = await RunAsync("here", "fetch", "org/m", $"--Comox:NodeAgent:Hub={hub.Address}");
        Assert.Equal(0, fetched);
        Assert.Equal(model, await File.ReadAllBytesAsync(path.Split('\n')[^1]));

        var (exported, said) = await RunAsync("here", "export", "org/m:Q8_0", bundle);
        Assert.Equal(0, exported);
        var key = said.Split("--trust ")[1].Trim();

        var (refused, reason) = await RunAsync("there", "import", bundle);
        Assert.Equal(1, refused);
        Assert.Contains("(bundle_untrusted)", reason);

        var (taken, name) = await RunAsync("there", "import", bundle, "--trust", key);
        Assert.Equal(0, taken);
        Assert.EndsWith("set Comox:NodeAgent:Model to org/m:m-q8_0.gguf", name);
    }

    [Theory]
    [InlineData(2, "MODEL is org/repo", "fetch")]
    [InlineData(2, "MODEL is org/repo", "fetch", "../../etc")]
    [InlineData(2, "MODEL is org/repo", "export", "org/m")]
    [InlineData(1, "file_refused", "fetch", "org/m:pytorch_model.bin")]
    [InlineData(1, "Comox:NodeAgent:Cache:Size", "fetch", "org/m", "--Comox:NodeAgent:Cache:Size=much")]
    [InlineData(1, "cannot be read", "import", "/nowhere/m.tar")]
    public async Task What_cannot_be_done_is_said_with_a_way_out_and_an_exit_code(int code, string words, params string[] arguments)
    {
        var (exit, output) = await RunAsync("here", arguments);
        Assert.Equal(code, exit);
        Assert.Contains(words, output);
    }

    private async Task<(int Exit, string Output)> RunAsync(string home, params string[] arguments)
    {
        await using var child = ChildProcess.StartDotnet(
            typeof(NodeAgentModule).Assembly.Location, arguments, [new(ComoxHome.Setting, Path.Combine(_root.FullName, home))]);
        return (await child.ExitAsync(), child.Output);
    }
}
