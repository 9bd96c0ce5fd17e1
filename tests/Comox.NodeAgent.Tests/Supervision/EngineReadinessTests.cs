using Comox.NodeAgent.Supervision;
using Microsoft.AspNetCore.Http;

namespace Comox.NodeAgent.Tests.Supervision;

public sealed class EngineReadinessTests
{
    private const string Ours = """{"object":"list","data":[{"id":"keepsake","object":"model","created":1,"owned_by":"llamacpp","meta":{}}],"models":[]}""";

    [Fact]
    public async Task An_answer_that_hangs_is_not_yet_and_is_asked_for_again()
    {
        var asked = 0;
        await using var engine = await LocalServer.StartAsync(async context =>
        {
            if (Interlocked.Increment(ref asked) == 1)
                await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.RequestAborted);
            else
                await context.Response.WriteAsync(Ours);
        });
        await WaitAsync(engine, new HurriedTime(20));
        Assert.True(asked > 1);
    }

    [Theory]
    [InlineData(401, "{}")]
    [InlineData(200, "<html>Another program</html>")]
    [InlineData(200, "{}")]
    [InlineData(200, """{"object":"list","data":[{"id":"another","object":"model","created":1,"owned_by":"llamacpp"}]}""")]
    public async Task Another_program_on_the_port_is_not_our_engine(int status, string models)
    {
        var asked = 0;
        await using var engine = await LocalServer.StartAsync(context =>
        {
            if (context.Request.Path == "/health")
                return Task.CompletedTask;
            var ours = Interlocked.Increment(ref asked) > 2 && context.Request.Headers.Authorization == "Bearer key";
            context.Response.StatusCode = ours ? 200 : status;
            return context.Response.WriteAsync(ours ? Ours : models);
        });
        await WaitAsync(engine, TimeProvider.System);
        Assert.Equal(3, asked);
    }

    private static async Task WaitAsync(LocalServer engine, TimeProvider time)
    {
        using var http = new HttpClient();
        await new EngineReadiness(http, time)
            .WaitAsync(new EngineEndpoint(engine.Address.Port, "key"), "keepsake", TestContext.Current.CancellationToken)
            .WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
    }
}
