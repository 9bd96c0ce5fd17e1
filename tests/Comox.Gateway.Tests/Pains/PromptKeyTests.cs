namespace Comox.Gateway.Tests.Pains;

/// <summary>Pain 16: a key made of the first message only, which sends all conversations with one system prompt to one backend, and the next turn of each to any.</summary>
public sealed class PromptKeyTests
{
    private const int Conversations = 8;
    private static readonly string System = Words("You are Brine, keeper of the light.", 2_000);

    [Theory]
    [InlineData("system")]
    [InlineData("tools")]
    [InlineData("a later turn")]
    public async Task A_conversation_is_found_again_by_whatever_part_of_its_prompt_is_its_own(string own)
    {
        At[] pool = [.. Enumerable.Range(0, 4).Select(i => new At($"b{i}") { Pool = "p", Script = new() { HoldHeaders = true } })];
        await using var routed = await RoutedGateway.StartAsync(null, [(":LoadBalancing:Policy", "prefix-affinity"), (":LoadBalancing:LoadBound", "1"), (":LoadBalancing:LoadSlack", "0")], pool);

        // All are open at once, so that they are spread; and one after the other, because two that choose in the same moment may choose the same.
        var first = new List<Task<HttpResponseMessage>>();
        for (var number = 0; number < Conversations; number++)
        {
            first.Add(routed.SendAsync(BodyOf(own, number, turns: 1)));
            await Eventually.IsTrueAsync(() => routed.Servers.Sum(server => server.Requests.Count) == first.Count, "it is on its way");
        }

        foreach (var server in routed.Servers)
        {
            server.Script = new();
            server.Release();
        }

        foreach (var response in await Task.WhenAll(first))
        {
            await response.Content.ReadAsStringAsync();
            response.Dispose();
        }

        await routed.IsIdleAsync();
        Assert.Equal([2, 2, 2, 2], routed.Servers.Select(server => server.Requests.Count));

        // One by one, and in another order: nothing but the prompt says where it was.
        for (var turns = 2; turns <= 3; turns++)
        {
            foreach (var number in (int[])[5, 2, 7, 0, 3, 6, 1, 4])
            {
                using var response = await routed.SendAsync(BodyOf(own, number, turns));
                await response.Content.ReadAsStringAsync();
                await routed.IsIdleAsync();
            }
        }

        for (var number = 0; number < Conversations; number++)
            Assert.Equal([0, 0, 0, 3], routed.Servers.Select(server => server.Requests.Count(request => request.Body.Contains($"number {number} ", StringComparison.Ordinal))).Order());
    }

    private static string BodyOf(string own, int number, int turns)
    {
        var mark = Words($"number {number} ", 3_000);
        var said = string.Concat(Enumerable.Range(2, turns - 1).Select(turn => $$""",{"role":"assistant","content":"Yes."},{"role":"user","content":"turn {{turn}}"}"""));
        return RoutedGateway.Body(
            true,
            own == "tools" ? $$$""","tools":[{"type":"function","function":{"name":"look","description":"{{{mark}}}"}}]""" : "",
            $$"""{"role":"system","content":"{{System}}{{(own == "system" ? mark : "")}}"},{"role":"user","content":"Hi"},{"role":"assistant","content":"Hello"},{"role":"user","content":"{{(own == "a later turn" ? mark : "")}}"}{{said}}""");
    }

    private static string Words(string beginning, int length) => beginning + new string('x', length - beginning.Length);
}
