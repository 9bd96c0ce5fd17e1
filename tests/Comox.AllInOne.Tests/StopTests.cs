using System.Diagnostics;
using System.Globalization;
using Comox.TestKit;

namespace Comox.AllInOne.Tests;

public sealed class StopTests
{
    [Fact]
    public async Task It_stops_when_asked_quietly_and_takes_the_engine_along()
    {
        RealEngine.Require();
        using var home = new TempHome();
        await using var comox = await AllInOneProcess.StartAsync(home.Path);
        await comox.EngineAsync();
        using var client = await comox.ClientAsync();
        await client.SayAsync("character/brine", "Hello!");
        var engine = (await client.JsonAsync("node/status")).GetProperty("engines")[0].GetProperty("process_id").GetInt32();
        using var watcher = await client.GetStreamAsync("node/events");

        using (var kill = Process.Start("kill", ["-TERM", comox.ProcessId.ToString(CultureInfo.InvariantCulture)]))
            await kill.WaitForExitAsync();
        var exitCode = await comox.ExitAsync();

        Assert.Equal(0, exitCode);
        Assert.DoesNotContain("fail:", comox.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("warn:", comox.Output, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => Process.GetProcessById(engine));
    }
}
