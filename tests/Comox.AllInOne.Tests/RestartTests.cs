using System.Diagnostics;
using System.Text.Json;
using Comox.TestKit;

namespace Comox.AllInOne.Tests;

public sealed class RestartTests
{
    [Fact]
    public async Task After_kill_minus_9_the_session_goes_on_and_a_new_one_says_what_was_told()
    {
        RealEngine.Require();
        using var home = new TempHome();
        string session, reply;
        int engine;
        await using (var first = await AllInOneProcess.StartAsync(home.Path))
        {
            await first.EngineAsync();
            using var client = await first.ClientAsync();
            var told = await client.SayAsync("character/brine", "My sister is called Ottilie.", user: "mara");
            session = told.Session!;
            reply = told.Text;
            engine = (await client.JsonAsync("node/status")).GetProperty("engines")[0].GetProperty("process_id").GetInt32();

            await first.KillAsync();
        }

        Assert.True(await IsGoneAsync(engine), "The engine outlived the agent.");

        await using var second = await AllInOneProcess.StartAsync(home.Path);
        await second.EngineAsync();
        using var again = await second.ClientAsync();
        var turns = (await again.JsonAsync($"memory/sessions/{session}")).GetProperty("turns").EnumerateArray().ToArray();
        Assert.Equal("My sister is called Ottilie.", turns[0].GetProperty("content").GetString());

        // The reply was acknowledged, so it is on disk; what may still be on its way is its delivery.
        await Eventually.IsTrueAsync(
            async () => (await again.JsonAsync($"memory/sessions/{session}")).GetProperty("turns").EnumerateArray().LastOrDefault() is { ValueKind: JsonValueKind.Object } last
                && last.GetProperty("content").GetString() == reply,
            "the reply that was acknowledged before the kill is in the session");

        var continued = await again.SayAsync("character/brine", "Thank you!", session, "mara");
        Assert.Equal(session, continued.Session);

        var fresh = await again.SayAsync("character/brine", "What is my sister called?", user: "mara");
        Assert.NotEqual(session, fresh.Session);
        var recalled = (await again.JsonAsync(fresh.Receipt!)).GetProperty("recalled").EnumerateArray();
        Assert.Contains(recalled, item => item.GetProperty("included").GetBoolean() && item.GetProperty("text").GetString()!.Contains("Ottilie", StringComparison.Ordinal));
        Assert.Contains("Ottilie", fresh.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_engine_that_is_killed_comes_back_and_answers()
    {
        RealEngine.Require();
        using var home = new TempHome();
        await using var comox = await AllInOneProcess.StartAsync(home.Path);
        await comox.EngineAsync();
        using var client = await comox.ClientAsync();
        var killed = Engine(await client.JsonAsync("node/status"));

        Process.GetProcessById(killed.GetProperty("process_id").GetInt32()).Kill();
        await WaitForAsync(client, engine => engine.GetProperty("state").GetString() == "ready" && engine.GetProperty("restarts").GetInt32() == 1);

        Assert.NotEmpty((await client.SayAsync("character/brine", "Hello!")).Text);
    }

    private static JsonElement Engine(JsonElement status) => status.GetProperty("engines")[0];

    /// <summary>Follows the node's event stream until its engine is as wanted.</summary>
    private static async Task WaitForAsync(HttpClient client, Func<JsonElement, bool> wanted)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        await using var events = await client.GetStreamAsync("node/events", limit.Token);
        using var lines = new StreamReader(events);
        while (await lines.ReadLineAsync(limit.Token) is { } line)
        {
            if (line.StartsWith("data:", StringComparison.Ordinal) && wanted(Engine(JsonDocument.Parse(line[5..]).RootElement)))
                return;
        }

        Assert.Fail("The event stream ended.");
    }

    /// <summary>A process whose parent was killed is gone once the kernel has delivered its signal: a bounded wait for an exit, not for time.</summary>
    private static async Task<bool> IsGoneAsync(int processId)
    {
        try
        {
            using var process = Process.GetProcessById(processId);
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(10));
            await process.WaitForExitAsync(limit.Token);
            return true;
        }
        catch (ArgumentException)
        {
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }
}
