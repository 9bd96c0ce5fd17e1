using System.Net;
using System.Text;
using Comox.FakeBackend.Simulation;
using Comox.ServiceDefaults.Contracts.Nodes;

namespace Comox.NodeAgent.Tests.Health.Engines;

/// <summary>The engine of the simulated fleet under a real agent: what the fleet's figures rest on.</summary>
[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
public sealed class SimulatedEngineTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("comox-simulated-");

    public SimulatedEngineTests() => Environment.SetEnvironmentVariable(EngineFault.Folder, _folder.FullName);

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task It_says_the_words_it_is_asked_for_and_goes_on_only_with_its_own()
    {
        await using var agent = await StartAsync();
        await agent.UntilAsync(EngineStates.Ready);

        Assert.Equal("w0 w1 w2 ", Text(await AskAsync(agent, """{"model":"keepsake","stream":true,"max_tokens":9,"messages":[{"role":"user","content":"say 3 words"}]}""")));
        Assert.Equal("w2 ", Text(await AskAsync(agent, Continued("w0 w1 "))));
        Assert.Contains("invalid_request_error", await AskAsync(agent, Continued("w0 w2 "), HttpStatusCode.BadRequest));
    }

    [Theory]
    [InlineData(EngineFaultKind.Stalled)]
    [InlineData(EngineFaultKind.Lying)]
    public async Task One_that_hangs_while_its_health_page_is_well_is_ejected_started_again_and_well(EngineFaultKind kind)
    {
        await using var agent = await StartAsync();
        var before = (await agent.UntilAsync(EngineStates.Ready)).ProcessId!.Value;
        var asked = AskAsync(agent, """{"model":"keepsake","stream":true,"max_tokens":4000,"messages":[{"role":"user","content":"say 4000 words"}]}""");
        // One that has not written yet may read its prompt, for which it has minutes as long as nobody knows how fast it reads.
        await agent.UntilAsync(engine => engine.TokensPerSecond is not null);
        new EngineFault(kind).Inflict(_folder.FullName, before);

        var ejected = await agent.UntilAsync(engine => engine.Health == Healths.Ejected);
        Assert.NotEmpty(ejected.HealthReasons);
        var after = await agent.UntilAsync(engine => engine is { State: EngineStates.Ready, Health: Healths.Ok, Restarts: 1 });
        Assert.NotEqual(before, after.ProcessId);
        await Task.WhenAny(asked); // Cut, however that looks to its reader.
    }

    private static Task<RunningAgent> StartAsync() =>
        RunningAgent.StartAsync(new() { ["Comox:NodeAgent:EnginePath"] = Path.Combine(AppContext.BaseDirectory, "Comox.FakeBackend"), ["Comox:NodeAgent:Slots"] = "4" });

    private static string Continued(string said) =>
        $$"""{"model":"keepsake","stream":true,"max_tokens":9,"continue_final_message":true,"add_generation_prompt":false,"messages":[{"role":"user","content":"say 3 words"},{"role":"assistant","content":"{{said}}"}]}""";

    private static async Task<string> AskAsync(RunningAgent agent, string body, HttpStatusCode status = HttpStatusCode.OK)
    {
        using var answer = await agent.Http.PostAsync("node/engines/chat/proxy/v1/chat/completions", new StringContent(body, Encoding.UTF8, "application/json"));
        Assert.Equal(status, answer.StatusCode);
        return await answer.Content.ReadAsStringAsync();
    }

    private static string Text(string stream) =>
        string.Concat(stream.Split("\"content\":\"").Skip(1).Select(piece => piece[..piece.IndexOf('"')]));
}
