using Comox.Memory.Sessions;
using Comox.Memory.Storage;
using Comox.ServiceDefaults.Contracts.OpenAI;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Comox.Memory.Tests;

public sealed class SessionLineTests
{
    /// <summary>A client that regenerates, edits and branches at random, over the real module: the stored line is the client's view, always.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public async Task Whatever_a_client_does_to_its_transcript_the_stored_line_follows(int seed)
    {
        await using var memory = await MemoryHost.StartAsync();
        var random = new Random(seed);
        var view = new List<ChatMessage> { new("user", "start") };
        var first = (await memory.AskAsync(view)).Value!;
        await memory.ReplyAsync(first, "reply 0");
        view.Add(new ChatMessage("assistant", "reply 0"));

        for (var step = 1; step <= 25; step++)
        {
            // Cut back to some user turn (0 keeps all), perhaps reword it, and go on.
            if (random.Next(3) > 0 && view.Count > 2)
            {
                var keep = 2 * random.Next(1, view.Count / 2);
                var message = random.Next(2) == 0 ? view[keep] : new ChatMessage("user", $"reworded {random.Next(3)}");
                view.RemoveRange(keep, view.Count - keep);
                view.Add(message);
            }
            else
            {
                view.Add(new ChatMessage("user", $"message {random.Next(4)}"));
            }

            var answer = (await memory.AskAsync(view, first.Session)).Value!;
            view.Add(new ChatMessage("assistant", $"reply {random.Next(3)}"));
            await memory.ReplyAsync(answer, view[^1].Content);
            Assert.Equal(view.Select(message => $"{message.Role}: {message.Content}"), await memory.LineAsync(first.Session));
        }

        await AssertTreeAsync(memory, first.Session);
    }

    /// <summary>Two chats that open alike, in a client that names no session, with replies that reach us only after the client has gone on from them.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public async Task Two_chats_without_a_name_and_with_late_replies_stay_apart_and_whole(int seed)
    {
        await using var memory = await MemoryHost.StartAsync();
        var random = new Random(seed);
        var chats = new List<(string Session, List<ChatMessage> View)>();
        foreach (var chat in new[] { "left", "right" })
        {
            var first = (await memory.AskAsync([new("user", "Hello!")])).Value!;
            await memory.ReplyAsync(first, $"Arr, {chat}!");
            chats.Add((first.Session, [new("user", "Hello!"), new("assistant", $"Arr, {chat}!")]));
        }

        var late = new Dictionary<string, (Comox.ServiceDefaults.Contracts.Memory.SuperPromptResponse To, string Text)>();
        for (var step = 1; step <= 30; step++)
        {
            var (session, view) = chats[random.Next(2)];
            if (random.Next(3) == 0 && view.Count > 2)
            {
                var keep = 2 * random.Next(1, view.Count / 2);
                var message = random.Next(2) == 0 ? view[keep] : new ChatMessage("user", $"reworded {random.Next(3)}");
                view.RemoveRange(keep, view.Count - keep);
                view.Add(message);
            }
            else
            {
                view.Add(new ChatMessage("user", $"message {random.Next(4)}"));
            }

            var answer = (await memory.AskAsync(view)).Value!;
            Assert.Equal(session, answer.Session);
            if (late.Remove(session, out var owed))
                await memory.ReplyAsync(owed.To, owed.Text);
            view.Add(new ChatMessage("assistant", $"reply {step}"));
            if (random.Next(2) == 0)
                late[session] = (answer, view[^1].Content);
            else
                await memory.ReplyAsync(answer, view[^1].Content);
            if (!late.ContainsKey(session))
                Assert.Equal(view.Select(message => $"{message.Role}: {message.Content}"), await memory.LineAsync(session));
        }

        foreach (var (to, text) in late.Values)
            await memory.ReplyAsync(to, text);
        foreach (var (session, view) in chats)
        {
            Assert.Equal(view.Select(message => $"{message.Role}: {message.Content}"), await memory.LineAsync(session));
            await AssertTreeAsync(memory, session);
        }

        Assert.Equal(2, (await memory.Client.ListSessionsAsync("mara")).Value!.Data.Count);
    }

    [Fact]
    public void The_chain_depends_on_every_turn_and_its_place_but_not_on_white_space_around_it()
    {
        Utterance[] turns = [new("user", "a"), new("assistant", "b"), new("user", "c")];
        var chain = TurnChain.Of(turns)[^1];
        Assert.Equal(chain, TurnChain.Of([new("user", " a\r\n"), turns[1], turns[2]])[^1]);
        Assert.NotEqual(chain, TurnChain.Of([turns[1], turns[0], turns[2]])[^1]);
        Assert.NotEqual(chain, TurnChain.Of([new("assistant", "a"), turns[1], turns[2]])[^1]);
        Assert.NotEqual(TurnChain.Of([new("user", "a\nb")])[^1], TurnChain.Of([new("user", "a b")])[^1]);
    }

    private static async Task AssertTreeAsync(MemoryHost memory, string session)
    {
        await using var db = memory.Services.GetRequiredService<MemoryDbFactory>().Open();
        var row = await db.Sessions.SingleAsync(found => found.Id == session);
        var turns = await db.Turns.Where(turn => turn.SessionId == session).ToDictionaryAsync(turn => turn.Id);
        var path = new HashSet<string>();
        for (var turn = turns[row.HeadId!]; ; turn = turns[turn.ParentId])
        {
            path.Add(turn.Id);
            if (turn.ParentId is null)
                break;
        }

        Assert.Equal(path, turns.Values.Where(turn => turn.Current).Select(turn => turn.Id).ToHashSet());
        Assert.Equal(path.Count, row.TurnCount);
        Assert.All(turns.Values, turn =>
        {
            var parent = turn.ParentId is null ? null : turns[turn.ParentId];
            Assert.Equal((parent?.Depth ?? 0) + 1, turn.Depth);
            Assert.Equal(TurnChain.Next(parent?.Chain ?? TurnChain.Root, turn.Role, turn.Content), turn.Chain);
        });
    }
}
