using Comox.NodeAgent.ModelCache;
using Comox.ServiceDefaults;
using Comox.TestKit;

namespace Comox.NodeAgent.Tests.Engines;

/// <summary>What would be started, as a person asks for it.</summary>
public sealed class PlanVerbTests
{
    [Fact]
    public async Task It_prints_what_it_would_start_and_starts_nothing()
    {
        Assert.SkipWhen(TestEngine.Path is null, TestEngine.SkipReason);
        var home = Directory.CreateTempSubdirectory("comox plan-");
        try
        {
            var model = Path.Combine(home.FullName, "ada.gguf");
            File.Copy(Path.Combine(AppContext.BaseDirectory, "nodeagent", BuiltInModel.FileName), model);
            await using var child = ChildProcess.StartDotnet(
                typeof(NodeAgentModule).Assembly.Location,
                [
                    "plan", $"--Comox:NodeAgent:EnginePath={TestEngine.Path}", $"--Comox:NodeAgent:Models:0:Model={model}", "--Comox:NodeAgent:Models:0:Name=ada",
                    "--Comox:NodeAgent:Models:1:Model=org/absent", "--Comox:NodeAgent:Models:1:Pinned=true",
                ],
                [new(ComoxHome.Setting, home.FullName)]);
            Assert.Equal(1, await child.ExitAsync());
            var lines = child.Output.Split('\n');
            Assert.Contains(lines, line => line.StartsWith("# ada: llama.cpp, ada, about ", StringComparison.Ordinal) && line.Contains("loaded when it is asked for", StringComparison.Ordinal));
            // The folder has a space in its name.
            Assert.Contains(lines, line => line.Contains(TestEngine.Path!, StringComparison.Ordinal) && line.Contains($"--model '{model}' --alias ada --host 127.0.0.1 --port 0 --parallel 4", StringComparison.Ordinal));
            Assert.Contains(lines, line => line.StartsWith("# absent: its model org/absent is not in the cache; bring it there with fetch org/absent", StringComparison.Ordinal));
        }
        finally
        {
            home.Delete(recursive: true);
        }
    }
}
