using System.Text;
using Comox.Memory.Storage;
using Comox.ServiceDefaults.Contracts.OpenAI;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;

namespace Comox.Memory.Tests.Pains;

/// <summary>What happens to somebody who has talked with a character for a year: chats that are taken up again, edited late, clocks that are wrong, words that are to be gone.</summary>
public sealed class LongAcquaintanceTests
{
    private static readonly DateTimeOffset January = new(2026, 1, 10, 12, 0, 0, TimeSpan.Zero);

    private static ChatMessage U(string text) => new("user", text);

    private static ChatMessage A(string text) => new("assistant", text);

    [Fact]
    public async Task A_window_of_an_old_chat_is_found_behind_many_newer_ones()
    {
        await using var memory = await MemoryHost.StartAsync();
        var session = (await memory.ExchangeAsync("One.", "1")).Session;
        await memory.ExchangeAsync("Two.", "2", session);
        await memory.ExchangeAsync("Three.", "3", session);
        for (var other = 0; other < 10; other++)
            await memory.ExchangeAsync($"Hello {other}.", "Aye.");
        var again = (await memory.AskAsync([U("Two."), A("2"), U("Three."), A("3"), U("Four.")])).Value!;
        Assert.Equal(session, again.Session);
        Assert.Equal(7, (await memory.LineAsync(session)).Count);
    }

    [Fact]
    public async Task What_follows_a_late_edit_is_as_old_as_it_was()
    {
        var time = new FakeTimeProvider(January);
        await using var memory = await MemoryHost.StartAsync(time: time);
        var session = (await memory.ExchangeAsync("One.", "1")).Session;
        await memory.ExchangeAsync("Two.", "2", session);
        await memory.ExchangeAsync("I live in Porto.", "Porto!", session);
        time.Advance(TimeSpan.FromDays(30));
        await memory.ExchangeAsync("I moved to Riga.", "Riga!");
        time.Advance(TimeSpan.FromDays(30));
        var answer = (await memory.AskAsync([U("One."), A("1"), U("Two."), A("2, edited"), U("I live in Porto."), A("Porto!"), U("And now?")], session)).Value!;
        await memory.ReplyAsync(answer, "Now.");
        Assert.Equal("Riga", Assert.Single(await memory.FactsAsync()).Object);

        await using var db = memory.Services.GetRequiredService<MemoryDbFactory>().Open();
        var line = await db.Turns.Where(turn => turn.SessionId == session && turn.Current).OrderBy(turn => turn.Depth).Select(turn => turn.CreatedAt).ToListAsync();
        Assert.Equal([0, 0, 0, 0, 0, 0, 60, 60], line.Select(at => (int)(at - January).TotalDays));
    }

    [Fact]
    public async Task With_a_clock_that_was_set_back_another_reply_and_a_correction_still_count()
    {
        var time = new FakeTimeProvider(January);
        await using var memory = await MemoryHost.StartAsync(time: time);
        var session = (await memory.ExchangeAsync("I live in Porto.", "Aye.")).Session;
        time.Advance(TimeSpan.FromSeconds(10));
        await memory.ExchangeAsync("Two.", "2", session);
        time.AdjustTime(January - TimeSpan.FromHours(1));
        await memory.ReplyAsync((await memory.AskAsync([U("I live in Porto."), A("Aye."), U("Two.")], session)).Value!, "2b");
        Assert.Equal("assistant: 2b", (await memory.LineAsync(session))[^1]);
        await memory.ExchangeAsync("I moved to Riga.", "Oh.", session);
        Assert.Equal("Riga", Assert.Single(await memory.FactsAsync()).Object);
    }

    [Fact]
    public async Task Work_in_the_background_changes_nothing_of_when_a_chat_was_last()
    {
        await using var gateway = await StrictGateway.StartAsync(_ => """{"facts":[]}""");
        await using var memory = await MemoryHost.StartAsync(settings: gateway.Settings(("Extract", "scribe")));
        await memory.ExchangeAsync("I live in Porto, in a house with a garden.", "Aye.");
        await memory.ExchangeAsync("I like tea very much.", "Tea.");
        var before = (await memory.Client.ListSessionsAsync("mara")).Value!.Data.Select(session => (session.Id, session.UpdatedAt)).ToList();
        await memory.SettledAsync("extract");
        Assert.NotEmpty(gateway.Requests);
        Assert.Equal(before, (await memory.Client.ListSessionsAsync("mara")).Value!.Data.Select(session => (session.Id, session.UpdatedAt)));
    }

    [Theory]
    [InlineData("turn")]
    [InlineData("session")]
    [InlineData("character")]
    public async Task Words_that_were_deleted_are_in_no_file(string what)
    {
        const string word = "Xylophagous";
        await using var memory = await MemoryHost.StartAsync();
        var said = await memory.ExchangeAsync("Hello.", $"{word} beetles.");
        Assert.True(await IsInAFileAsync());
        if (what == "turn")
            Assert.True((await memory.Client.DeleteTurnAsync(said.Session, said.ReplyTurn)).IsSuccess);
        else if (what == "session")
            await memory.Http.DeleteAsync($"/memory/sessions/{said.Session}");
        else
            await memory.Http.DeleteAsync("/memory/characters/brine");
        // A worker may be reading at this moment, and then the next deletion does it.
        for (var attempt = 0; attempt < 10 && await IsInAFileAsync(); attempt++)
            await memory.Http.DeleteAsync($"/memory/sessions/{(await memory.ExchangeAsync("Hello.", "Eep.", character: "pim")).Session}");
        Assert.False(await IsInAFileAsync());

        async Task<bool> IsInAFileAsync()
        {
            await using var db = memory.Services.GetRequiredService<MemoryDbFactory>().Open();
            var path = new Microsoft.Data.Sqlite.SqliteConnectionStringBuilder(db.Database.GetConnectionString()).DataSource;
            return new[] { path, path + "-wal" }.Any(file => Encoding.Latin1.GetString(Bytes(file)).Contains(word, StringComparison.Ordinal));
        }

        static byte[] Bytes(string file)
        {
            using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            using var copy = new MemoryStream();
            stream.CopyTo(copy);
            return copy.ToArray();
        }
    }
}
