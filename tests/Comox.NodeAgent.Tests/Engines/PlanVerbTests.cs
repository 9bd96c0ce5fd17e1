using Comox.NodeAgent.ModelCache;
using Comox.NodeAgent.Tests.Adapters;
using Comox.NodeAgent.Tests.VLlm;
using Comox.ServiceDefaults;
using Comox.TestKit;

namespace Comox.NodeAgent.Tests.Engines;

/// <summary>What would be started, as a person asks for it.</summary>
[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
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
                    "--Comox:NodeAgent:Models:0:Adapters:0:Name=pirate", $"--Comox:NodeAgent:Models:0:Adapters:0:Model={TestAdapters.Gguf(Path.Combine(home.FullName, "pirate.gguf"))}",
                    "--Comox:NodeAgent:Models:0:Adapters:1:Name=poet", "--Comox:NodeAgent:Models:0:Adapters:1:Model=org/poet:poet.gguf",
                    "--Comox:NodeAgent:Models:1:Model=org/absent", "--Comox:NodeAgent:Models:1:Pinned=true",
                ],
                [new(ComoxHome.Setting, home.FullName)]);
            Assert.Equal(1, await child.ExitAsync());
            var lines = child.Output.Split('\n');
            Assert.Contains(lines, line => line.StartsWith("# ada: llama.cpp, ada, about ", StringComparison.Ordinal) && line.Contains("loaded when it is asked for", StringComparison.Ordinal));
            // The folder has a space in its name.
            Assert.Contains(lines, line => line.Contains(TestEngine.Path!, StringComparison.Ordinal) && line.Contains($"--model '{model}' --alias ada --host 127.0.0.1 --port 0 --parallel 4", StringComparison.Ordinal));
            Assert.Contains(lines, line => line.Contains($"--lora-scaled '{home.FullName}/pirate.gguf:0' --cache-ram 0 --slot-save-path", StringComparison.Ordinal));
            Assert.Contains("# adapter poet: org/poet:poet.gguf is not in the cache; the agent fetches it when it starts", lines);
            Assert.Contains(lines, line => line.StartsWith("# absent: its model org/absent is not in the cache; bring it there with fetch org/absent", StringComparison.Ordinal));
        }
        finally
        {
            home.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task It_prints_both_kinds_with_their_variables_and_no_secret()
    {
        Assert.SkipWhen(TestEngine.Path is null || OperatingSystem.IsWindows(), TestEngine.SkipReason);
        var folder = VLlmNode.NewFolder();
        try
        {
            var model = TestModels.Folder(folder, "ada");
            var smi = Path.Combine(folder, "nvidia-smi");
            await File.WriteAllTextAsync(smi, """
                #!/bin/sh
                case "$1" in
                  *compute_cap*) echo "0, GPU-1, NVIDIA GeForce RTX 3090, 00000000:01:00.0, 550.54, 24576, 0, 24576, 61, N/A, 20, 300, 0, 0, 210, 2100, 405, 9751, 0, 4, 4, 16, 16, 8.6, 0x1";;
                  *) exit 2;;
                esac
                """);
            File.SetUnixFileMode(smi, UnixFileMode.UserRead | UnixFileMode.UserExecute);
            await using var child = ChildProcess.StartDotnet(
                typeof(NodeAgentModule).Assembly.Location,
                [
                    "plan", $"--Comox:NodeAgent:EnginePath={TestEngine.Path}", $"--Comox:NodeAgent:VllmPath={VLlmNode.Program(folder)}",
                    $"--Comox:NodeAgent:Models:0:Model={Path.Combine(AppContext.BaseDirectory, "nodeagent", BuiltInModel.FileName)}", "--Comox:NodeAgent:Models:0:Name=brine",
                    $"--Comox:NodeAgent:Models:1:Model={model}", "--Comox:NodeAgent:Models:1:Name=ada",
                    "--Comox:NodeAgent:Models:2:Model=/nowhere/folder", "--Comox:NodeAgent:Models:2:Engine=vllm",
                ],
                [new(ComoxHome.Setting, Path.Combine(folder, "home")), new("PATH", $"{folder}:{Environment.GetEnvironmentVariable("PATH")}"), new("VLLM_API_KEY", "of-somebody-else")]);
            Assert.Equal(1, await child.ExitAsync());
            var lines = child.Output.Split('\n');
            Assert.Contains(lines, line => line.StartsWith("# brine: llama.cpp, brine, about ", StringComparison.Ordinal));
            Assert.Contains(lines, line => line.StartsWith("# The card is not used: llama.cpp publishes no build with CUDA for Linux", StringComparison.Ordinal) || line.StartsWith("# This llama-server cannot use the card", StringComparison.Ordinal));
            Assert.Contains(lines, line => line.StartsWith("# ada: vllm, ada, about ", StringComparison.Ordinal) && line.Contains(" on card 0 (NVIDIA GeForce RTX 3090), loaded when it is asked for", StringComparison.Ordinal));
            Assert.Contains(lines, line => line == "# with CUDA_DEVICE_ORDER=PCI_BUS_ID CUDA_VISIBLE_DEVICES=0 HF_HUB_OFFLINE=1 TRANSFORMERS_OFFLINE=1 SPT_NOENV=1 VLLM_NO_USAGE_STATS=1 VLLM_MEDIA_URL_ALLOW_REDIRECTS=0 VLLM_SERVER_DEV_MODE=1 VLLM_API_KEY=(made anew at each start)");
            Assert.Contains(lines, line => line.Contains($"/vllm serve {model} --served-model-name ada --host 127.0.0.1 --port 0", StringComparison.Ordinal) && line.Contains("--enable-sleep-mode", StringComparison.Ordinal));
            Assert.Contains(lines, line => line.StartsWith("# folder: The model in /nowhere/folder cannot be used: there is no such folder.", StringComparison.Ordinal));
            Assert.DoesNotContain("of-somebody-else", child.Output);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
