using Comox.Gateway.LoadBalancing;
using FsCheck;
using FsCheck.Fluent;
using Microsoft.Extensions.Time.Testing;

namespace Comox.Gateway.Tests.LoadBalancing;

/// <summary>The session table and the prefix index.</summary>
public sealed class MemoryTests
{
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public void A_session_is_remembered_until_it_is_silent_for_too_long()
    {
        var table = new SessionTable(new SessionTableOptions { MaxAge = TimeSpan.FromMinutes(1) }, _time);
        Assert.Equal(-1, table.Find(7, _time.GetTimestamp()));
        table.Set(7, 3);
        Assert.Equal(3, table.Find(7, _time.GetTimestamp()));
        table.Set(7, 0);
        Assert.Equal(0, table.Find(7, _time.GetTimestamp()));

        _time.Advance(TimeSpan.FromSeconds(50));
        table.Set(7, 5);
        _time.Advance(TimeSpan.FromSeconds(50));
        Assert.Equal(5, table.Find(7, _time.GetTimestamp()));
        _time.Advance(TimeSpan.FromSeconds(20));
        Assert.Equal(-1, table.Find(7, _time.GetTimestamp()));
    }

    [Fact]
    public void A_full_table_forgets_the_silent_and_keeps_those_in_use()
    {
        var table = new SessionTable(new SessionTableOptions { Capacity = 1024 }, _time);
        for (var session = 0UL; session < 100_000; session++)
        {
            if (session % 100 == 0)
                _time.Advance(TimeSpan.FromSeconds(1));
            table.Set(session, 1);
            for (var kept = 0UL; kept < 20; kept++)
                table.Set(1_000_000 + kept, (int)kept);
        }

        Assert.All(Enumerable.Range(0, 20), kept => Assert.Equal(kept, table.Find(1_000_000 + (ulong)kept, _time.GetTimestamp())));
        Assert.InRange(Enumerable.Range(0, 100_000).Count(session => table.Find((ulong)session, _time.GetTimestamp()) >= 0), 900, 1024);
    }

    [Fact]
    public void The_same_session_name_of_another_tenant_or_model_is_another_session() =>
        Assert.Equal(4, new[]
        {
            SessionTable.Key("a", "m", "s"), SessionTable.Key("b", "m", "s"), SessionTable.Key("a", "n", "s"), SessionTable.Key("am", "", "s"),
        }.Distinct().Count());

    [Fact]
    public async Task A_session_read_while_threads_write_has_only_backends_that_were_written()
    {
        var table = new SessionTable(new SessionTableOptions { Capacity = 64 }, _time);
        var wrong = 0;
        await Task.WhenAll(Enumerable.Range(0, 4).Select(worker => Task.Run(() =>
        {
            var dice = new Dice((ulong)worker);
            for (var step = 0; step < 50_000; step++)
            {
                var session = (ulong)dice.Next(500);
                table.Set(session, (int)session % 50);
                if (table.Find((ulong)dice.Next(500), _time.GetTimestamp()) is < -1 or >= 50)
                    Interlocked.Increment(ref wrong);
            }
        })));
        Assert.Equal(0, wrong);
    }

    [Fact]
    public void The_index_matches_what_was_inserted_from_the_first_block_on()
    {
        var index = Index();
        index.Insert(0, RoutingFleet.Blocks(1, 10));
        index.Insert(63, RoutingFleet.Blocks(1, 4));
        index.Insert(64, RoutingFleet.Blocks(1, 6));

        var asked = RoutingFleet.Blocks(2, 12, shared: 7, sharedPrompt: 1);
        Assert.Equal([7, 4, 6, 0], new[] { 0, 63, 64, 5 }.Select(slot => index.Match(slot, asked)));
        Assert.Equal(10, index.Match(0, RoutingFleet.Blocks(1, 12)));
    }

    [Fact]
    public void All_candidates_at_once_match_as_each_alone()
    {
        var loads = Enumerable.Range(0, 200).Select(slot => new BackendLoad($"b{slot}", slot, new LoadOptions(), _time)).ToArray();
        var inserts = Gen.Choose(0, 199).Zip(Gen.Choose(0, 20), (slot, blocks) => (slot, blocks)).ListOf();
        Prop.ForAll(inserts.ToArbitrary(), Gen.Choose(0, 199).ListOf().ToArbitrary(), (known, asked) =>
        {
            var index = Index();
            foreach (var (slot, blocks) in known)
                index.Insert(slot, RoutingFleet.Blocks(1, blocks));
            var candidates = asked.Distinct().Select(slot => new Candidate(loads[slot])).ToArray();
            var matched = new int[candidates.Length];
            var hashes = RoutingFleet.Blocks(1, 20);
            index.Match(candidates, hashes, _time.GetTimestamp(), matched);
            return matched.SequenceEqual(candidates.Select(candidate => index.Match(candidate.Load.Slot, hashes)))
                && matched.SequenceEqual(candidates.Select(candidate => known.Where(insert => insert.slot == candidate.Load.Slot).Select(insert => insert.blocks).DefaultIfEmpty().Max()));
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(200).WithQuietOnSuccess(true));
    }

    [Fact]
    public void Blocks_that_nobody_uses_are_no_longer_believed()
    {
        var index = Index();
        index.Insert(0, RoutingFleet.Blocks(1, 4));
        index.Insert(1, RoutingFleet.Blocks(1, 4));
        _time.Advance(TimeSpan.FromMinutes(9));
        index.Insert(0, RoutingFleet.Blocks(1, 2));
        _time.Advance(TimeSpan.FromMinutes(9));
        Assert.Equal(2, index.Match(0, RoutingFleet.Blocks(1, 4)));

        // Once it was too old for everybody, only who has it again has it.
        _time.Advance(TimeSpan.FromMinutes(20));
        index.Insert(0, RoutingFleet.Blocks(1, 4));
        Assert.Equal([4, 0], [index.Match(0, RoutingFleet.Blocks(1, 4)), index.Match(1, RoutingFleet.Blocks(1, 4))]);
    }

    [Fact]
    public void A_correction_takes_away_what_was_wrong_from_that_backend_alone()
    {
        var index = Index();
        index.Insert(0, RoutingFleet.Blocks(1, 8));
        index.Insert(1, RoutingFleet.Blocks(1, 8));
        index.Correct(0, RoutingFleet.Blocks(1, 8), predicted: 8, actual: 3);

        Assert.Equal([3, 8], [index.Match(0, RoutingFleet.Blocks(1, 8)), index.Match(1, RoutingFleet.Blocks(1, 8))]);
    }

    [Fact]
    public void Any_number_of_prompts_stays_under_the_cap_and_the_newest_are_kept()
    {
        const long Cap = 2 * 1024 * 1024;
        var index = new PrefixIndex(new PrefixIndexOptions { MaxBytes = Cap }, _time);
        Assert.InRange(index.Bytes, Cap * 9 / 10, Cap);

        var blocks = new ulong[16];
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var prompt = 0; prompt < 200_000; prompt++)
        {
            if (prompt % 1000 == 0)
                _time.Advance(TimeSpan.FromSeconds(1));
            for (var block = 0; block < blocks.Length; block++)
                blocks[block] = Dice.Mix(((ulong)prompt << 8) + (ulong)block);
            index.Insert(prompt % 32, blocks);
        }

        // 64 MB of blocks went through; the clock alone allocates, if anything does.
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 100_000);
        Assert.InRange(index.Bytes, 1, Cap);

        var kept = Enumerable.Range(199_000, 1000).Sum(prompt =>
            index.Match(prompt % 32, [.. Enumerable.Range(0, 16).Select(block => Dice.Mix(((ulong)prompt << 8) + (ulong)block))]));
        Assert.InRange(kept, 15_900, 16_000);
        Assert.Equal(0, Enumerable.Range(0, 1000).Sum(prompt => index.Match(prompt % 32, [Dice.Mix((ulong)prompt << 8)])));
    }

    private PrefixIndex Index() => new(new PrefixIndexOptions { MaxBytes = 1 << 20 }, _time);
}
