using Comox.Memory.Sessions;
using Comox.Memory.Storage;
using Comox.ServiceDefaults;
using Comox.ServiceDefaults.Clients;
using Comox.Memory.Vectors;
using Comox.ServiceDefaults.Contracts.Memory;
using Comox.ServiceDefaults.Contracts.Nodes;
using Comox.ServiceDefaults.Contracts.OpenAI;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Comox.Memory.Tests;

/// <summary>What is deleted is gone from the copies too: vectors, and prompts that showed a summary or a name that came from it.</summary>
public sealed class DeletionTests
{
    [Fact]
    public async Task A_deleted_character_takes_the_vectors_of_its_conversations_along()
    {
        await using var gateway = await StrictGateway.StartAsync(_ => null, _ => [1, 0]);
        await using var memory = await MemoryHost.StartAsync(settings: gateway.Settings(("Embed", "embedder")));
        await memory.SayAsync("I like tea.");
        await memory.SayAsync("I like tea.", character: "pim");
        await memory.SettledAsync("embed");
        Assert.Equal(2, await VectorsAsync(memory, "mara"));
        Assert.True((await memory.Http.DeleteAsync("/memory/characters/brine")).IsSuccessStatusCode);
        Assert.Equal(1, await VectorsAsync(memory, "mara"));
    }

    [Fact]
    public async Task A_deleted_character_leaves_no_name_that_it_was_told()
    {
        await using var memory = await MemoryHost.StartAsync();
        await memory.SayAsync("My sister is called Ottilie.");
        await memory.SayAsync("My brother is called Bruno.", character: "pim");
        Assert.True((await memory.Http.DeleteAsync("/memory/characters/brine")).IsSuccessStatusCode);
        await using var db = memory.Services.GetRequiredService<MemoryDbFactory>().Open();
        var names = await db.Entities.Select(entity => entity.Name).ToListAsync();
        Assert.Contains(names, name => name.Contains("bruno", StringComparison.OrdinalIgnoreCase));
        Assert.DoesNotContain(names, name => name.Contains("ottilie", StringComparison.OrdinalIgnoreCase));
    }

    [Fact]
    public async Task A_prompt_that_showed_a_scene_goes_with_the_turn_after_which_the_scene_began()
    {
        await using var memory = await MemoryHost.StartAsync();
        var session = (await memory.ExchangeAsync("Hello!", "Ahoy!")).Session;
        Assert.True((await memory.Client.ChangeSceneAsync(session, new SceneChange("Baker Street"))).IsSuccess);
        for (var at = 0; at < 40; at++)
            await memory.ExchangeAsync($"Message {at}.", $"Reply {at}.", session);
        var shown = await memory.SayAsync("Where are we?", session, profile: PromptProfile.Standard with { HistoryTurns = 4 });
        Assert.Contains(shown.Messages, message => message.Content!.Contains("Baker Street", StringComparison.Ordinal));
        var began = (await memory.Client.GetTreeAsync(session)).Value!.Turns.Single(turn => turn.Content == "Ahoy!").Id;
        Assert.True((await memory.Client.DeleteTurnAsync(session, began)).IsSuccess);
        await using var db = memory.Services.GetRequiredService<MemoryDbFactory>().Open();
        Assert.Empty(await db.Receipts.Where(row => row.Json.Contains("Baker Street")).Select(row => row.Id).ToListAsync());
    }

    [Fact]
    public async Task A_session_that_is_deleted_while_its_turns_become_vectors_leaves_none()
    {
        var (begun, release) = (new TaskCompletionSource(), new TaskCompletionSource());
        await using var gateway = await StrictGateway.StartAsync(_ => null, _ =>
        {
            begun.TrySetResult();
            release.Task.Wait();
            return [1, 0];
        });
        await using var memory = await MemoryHost.StartAsync(settings: gateway.Settings(("Embed", "embedder")));
        var said = await memory.SayAsync("I like tea.");
        await begun.Task.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        Assert.True((await memory.Client.DeleteSessionAsync(said.Session)).IsSuccess);
        release.SetResult();
        await memory.SayAsync("I like coffee.", subject: "tom");
        await memory.SettledAsync("embed");
        Assert.Equal(0, await VectorsAsync(memory, "mara"));
        Assert.Equal(1, await VectorsAsync(memory, "tom"));
    }

    [Fact]
    public async Task A_prompt_that_showed_a_summary_goes_with_any_turn_the_summary_was_made_from()
    {
        await using var gateway = await StrictGateway.StartAsync(_ => "They spoke of zarzuela.");
        var settings = gateway.Settings(("Summarize", "scribe"));
        settings["Comox:Memory:ShortTerm:KeepTurns"] = "2";
        settings["Comox:Memory:ShortTerm:BlockTurns"] = "2";
        await using var memory = await MemoryHost.StartAsync(settings: settings);
        var transcript = Enumerable.Range(0, 160).Select(at => new ChatMessage(at % 2 == 0 ? "user" : "assistant", $"Words of number {at}.")).Append(new ChatMessage("user", "Hello?"));
        var first = (await memory.AskAsync([.. transcript], whole: true)).Value!;
        await memory.SettledAsync("summarize");
        var shown = await memory.SayAsync("Go on then.", first.Session, profile: PromptProfile.Standard with { HistoryTurns = 4 });
        Assert.Contains(shown.Messages, message => message.Content!.Contains("They spoke of zarzuela."));

        Assert.DoesNotContain(shown.Messages, message => message.Content!.Contains("Words of number 3."));
        await memory.Client.DeleteTurnAsync(first.Session, (await memory.Client.GetSessionAsync(first.Session)).Value!.Turns[3].Id);
        Assert.Empty((await memory.ReceiptAsync(shown)).Messages);
    }

    [Fact]
    public async Task A_prompt_that_called_the_person_by_name_goes_with_the_turn_that_told_the_name()
    {
        await using var memory = await MemoryHost.StartAsync();
        var first = await memory.ExchangeAsync("My name is Xanthippe.", "Aye.");
        for (var at = 0; at < 20; at++)
            await memory.SayAsync($"The weather turns, I think, number {at}.");
        var other = await memory.SayAsync("The weather turns, I think.");
        Assert.Contains(other.Messages, message => message.Content!.Contains("Xanthippe"));
        await memory.Client.DeleteTurnAsync(first.Session, first.UserTurn);
        await using var db = memory.Services.GetRequiredService<MemoryDbFactory>().Open();
        Assert.Empty(await db.Receipts.Where(row => row.Json.Contains("Xanthippe")).ToListAsync());
    }

    [Fact]
    public async Task A_receipt_names_the_statement_that_a_fact_took_the_place_of_and_forgets_it_with_its_turn()
    {
        await using var memory = await MemoryHost.StartAsync();
        var older = await memory.ExchangeAsync("I live in Porto.", "Aye.");
        await memory.ExchangeAsync("I no longer live in Porto. I moved to Lyon.", "Aye.");
        var asked = await memory.SayAsync("Where do I live?");
        Assert.Contains("the message asks for this; it took the place of what was said on", Lyon(await memory.ReceiptAsync(asked)).Why);

        // Its turn has no word of this question, so that the receipt has it for the fact's sake alone.
        var other = await memory.SayAsync("Which colour is nicest?");
        var receipt = await memory.ReceiptAsync(other);
        Assert.DoesNotContain(receipt.Recalled, item => item.Source.Turn == older.UserTurn);
        Assert.Contains("\"I live in Porto\"", Lyon(receipt).Why);
        await memory.Client.DeleteTurnAsync(older.Session, older.UserTurn);
        Assert.Empty((await memory.ReceiptAsync(other)).Messages);
        await using var db = memory.Services.GetRequiredService<MemoryDbFactory>().Open();
        Assert.Empty(await db.Receipts.Where(row => row.Json.Contains("I live in Porto")).ToListAsync());

        static RecalledItem Lyon(Receipt receipt) => Assert.Single(receipt.Recalled, item => item.Kind == "fact" && item.Text.Contains("Lyon", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Of_many_deletions_of_one_session_at_once_one_is_told_what_went_and_the_others_that_there_is_none()
    {
        await using var memory = await MemoryHost.StartAsync();
        var said = await memory.ExchangeAsync("Hello.", "Hi.");
        var codes = (await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => memory.Client.DeleteSessionAsync(said.Session)))).Select(result => result.Error?.Code).ToList();
        Assert.Single(codes, code => code is null);
        Assert.Equal(15, codes.Count(code => code == "session_not_found"));
    }

    /// <summary>SQLite takes 32,766 parameters in a statement.</summary>
    [Fact]
    public async Task A_conversation_of_any_length_can_be_deleted()
    {
        await using var memory = await MemoryHost.StartAsync();
        var said = await memory.ExchangeAsync("I live in Porto.", "Aye.");
        await using var db = memory.Services.GetRequiredService<MemoryDbFactory>().Open();
        await db.Database.ExecuteSqlAsync(
            $"""
            WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 33000)
            INSERT INTO turns (id, session_id, parent_id, depth, "current", number, role, content, chain, created_at, extracted)
            SELECT printf('trn_%08d', n), session_id, parent_id, depth, 0, 100 + n, role, content, chain, created_at, 1 FROM turns, numbers WHERE id = {said.ReplyTurn}
            """,
            TestContext.Current.CancellationToken);

        var deleted = await memory.Client.DeleteSessionAsync(said.Session);

        Assert.True(deleted.IsSuccess, deleted.Error?.Message);
        Assert.Equal(33_002, deleted.Value.Turns.Count);
        Assert.Empty(await db.Turns.Select(turn => turn.Id).ToListAsync());
    }

    /// <summary>While it looks nobody else can write: what all others have shown is none of its business.</summary>
    [Fact]
    public async Task The_receipts_of_a_person_are_found_by_their_sessions()
    {
        await using var memory = await MemoryHost.StartAsync();
        await using var db = memory.Services.GetRequiredService<MemoryDbFactory>().Open();
        var plan = await QueryPlan.OfAsync(db, TurnErasure.ReceiptsOf(db, owner => owner.Subject == "mara").Where(row => row.Turns.Contains("trn_x")).Select(row => row.Id).ToQueryString());
        Assert.Contains(plan, step => step.Contains("IX_receipts_session_id", StringComparison.Ordinal));
        Assert.DoesNotContain(plan, step => step.StartsWith("SCAN", StringComparison.Ordinal));
    }

    /// <summary>Until the deletion is committed the worker sees the session, and stores what it has in hand.</summary>
    [Fact]
    public async Task Vectors_that_are_stored_between_their_deletion_and_its_commit_go_too()
    {
        await using var gateway = await StrictGateway.StartAsync(_ => null, _ => [1, 0]);
        await using var memory = await MemoryHost.StartAsync(settings: gateway.Settings(("Embed", "embedder")));
        var said = await memory.SayAsync("I like tea.");
        await memory.SettledAsync("embed");
        var point = new VectorPoint
        {
            Id = said.UserTurn, Character = "brine", Session = said.Session, Turn = said.UserTurn, Witnesses = [], Kind = VectorKind.Turn, SaidAt = DateTimeOffset.UnixEpoch, Vector = new float[] { 1, 0 },
        };
        var store = new LateStore(memory.Services.GetRequiredService<IVectorStore>(), late => late.UpsertAsync(new VectorSpace("embedder", 2), "mara", [point], TestContext.Current.CancellationToken));

        Assert.True((await ActivatorUtilities.CreateInstance<SessionEditor>(memory.Services, store).DeleteSessionAsync(said.Session, TestContext.Current.CancellationToken)).IsSuccess);

        Assert.True(store.WasLate);
        Assert.Equal(0, await VectorsAsync(memory, "mara"));
    }

    private static async Task<long> VectorsAsync(MemoryHost memory, string subject) =>
        (await memory.Services.GetRequiredService<IVectorStore>().CountAsync(new VectorSpace("embedder", 2), new VectorFilter { Subject = subject }, TestContext.Current.CancellationToken)).Value;

    /// <summary>Something is stored right after the first deletion.</summary>
    private sealed class LateStore(IVectorStore store, Func<IVectorStore, Task> afterDeletion) : IVectorStore
    {
        public bool WasLate { get; private set; }
        public string Description => store.Description;
        public string Kind => store.Kind;

        public Task<(bool IsNew, ApiError? Problem)> IsNewAsync(CancellationToken cancellation) => store.IsNewAsync(cancellation);

        public Task<ApiError?> EnsureAsync(VectorSpace space, CancellationToken cancellation) => store.EnsureAsync(space, cancellation);

        public Task<ApiError?> UpsertAsync(VectorSpace space, string subject, IReadOnlyList<VectorPoint> points, CancellationToken cancellation) => store.UpsertAsync(space, subject, points, cancellation);

        public Task<ApiResult<VectorMatch[]>> QueryAsync(VectorSpace space, VectorQuery query, CancellationToken cancellation) => store.QueryAsync(space, query, cancellation);

        public Task<ApiError?> DeleteAsync(string subject, IReadOnlyCollection<string> ids, CancellationToken cancellation) => store.DeleteAsync(subject, ids, cancellation);

        public async Task<ApiError?> DeleteAsync(VectorFilter filter, CancellationToken cancellation)
        {
            var deleted = await store.DeleteAsync(filter, cancellation);
            if (!WasLate)
                await afterDeletion(store);
            WasLate = true;
            return deleted;
        }

        public Task<ApiResult<long>> CountAsync(VectorSpace space, VectorFilter filter, CancellationToken cancellation) => store.CountAsync(space, filter, cancellation);

        public Task<ApiError?> CheckAsync(CancellationToken cancellation) => store.CheckAsync(cancellation);
    }
}
