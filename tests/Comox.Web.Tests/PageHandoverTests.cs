using System.Text.RegularExpressions;
using Comox.Web.Layout;
using Microsoft.Extensions.Time.Testing;

namespace Comox.Web.Tests;

public sealed partial class PageHandoverTests
{
    private readonly FakeTimeProvider _time = new();

    /// <summary>All that a page carries for its circuit comes back in one hub call of limited size, as base64 in an encrypted box.</summary>
    [Fact]
    public async Task However_long_a_conversation_is_the_page_carries_only_a_key()
    {
        await using var fake = await FakeComox.StartAsync();
        var ada = Some.Character("Ada") with { Description = new string('д', 300_000) };
        fake.Characters.Add(ada);
        fake.Sessions["ses_1"] = Some.Session("ses_1", ada, [.. Enumerable.Range(0, 600).Select(turn => Some.Turn($"t{turn}", turn % 2 == 0 ? "user" : "assistant", $"turn {turn} {new string('d', 1_000)}"))]);
        await using var console = await ConsoleServer.StartAsync(fake);
        using var client = console.Client();

        var chat = await client.GetStringAsync("/chat/ses_1");
        var character = await client.GetStringAsync("/characters/ada");

        Assert.Contains("turn 599 dddd", chat, StringComparison.Ordinal);
        Assert.InRange(CarriedBy(chat), 1, 8_000);
        Assert.InRange(CarriedBy(character), 1, 8_000);
        Assert.Empty(fake.Violations);
    }

    [Fact]
    public void What_was_kept_is_given_out_once()
    {
        var handover = new PageHandover(_time);
        var key = handover.Keep("what was read");

        Assert.True(handover.TryTake(key, out string? taken));
        Assert.Equal("what was read", taken);
        Assert.False(handover.TryTake(key, out string? _));
        Assert.False(handover.TryTake(null, out string? _));
    }

    [Fact]
    public void What_nobody_fetches_is_dropped()
    {
        var handover = new PageHandover(_time);
        var first = handover.Keep("first");
        for (var page = 0; page < PageHandover.Most - 1; page++)
            handover.Keep("another");
        var last = handover.Keep("last");

        Assert.False(handover.TryTake(first, out string? _));
        _time.Advance(PageHandover.Patience + TimeSpan.FromSeconds(1));
        Assert.False(handover.TryTake(last, out string? _));
    }

    private static int CarriedBy(string page) => CarriedState().Matches(page).Sum(match => match.Length);

    [GeneratedRegex("<!--Blazor-(?:Server|WebAssembly)-Component-State:[^>]*-->")]
    private static partial Regex CarriedState();
}
