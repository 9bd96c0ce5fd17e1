using System.Diagnostics.Metrics;
using Comox.Memory.Identity;
using Comox.Memory.Identity.Drift;
using Comox.Memory.Storage;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace Comox.Memory.Tests;

public sealed class DriftWindowTests
{
    private static readonly DriftOptions Options = new() { Threshold = 0.5, Release = 0.3, Replies = 4, Decay = 0.5, LeastReplies = 2 };

    [Fact]
    public void A_window_that_crosses_its_threshold_raises_one_event_and_stays_until_it_falls_below_the_lower()
    {
        var window = new DriftWindow(Options);
        var (state, levels, drifted, events) = (DriftState.Start, new List<double?>(), new List<bool>(), new List<string>());
        foreach (var (total, at) in new double[] { 0.1, 0.1, 0.9, 0.9, 0.2, 0.5, 0.1, 0.1, 0.1, 0.9, 0.9 }.Select((total, at) => (total, at)))
        {
            (state, var raised) = window.Add(state, new LineReply($"t{at}", "x", ""), new DriftScore { Total = total, Style = total }, 3);
            levels.Add(state.Level is { } level ? Math.Round(level, 2) : null);
            drifted.Add(state.Drifted);
            if (raised is not null)
                events.Add(raised.Turn);
        }

        Assert.Equal([null, 0.1, 0.56, 0.74, 0.47, 0.5, 0.27, 0.16, 0.13, 0.53, 0.74], levels);
        Assert.Equal([false, false, true, true, true, true, false, false, false, true, true], drifted);
        Assert.Equal(["t2", "t9"], events);
    }

    [Fact]
    public void The_event_names_the_turn_the_version_the_figures_and_the_evidence()
    {
        var window = new DriftWindow(Options);
        var (state, _) = window.Add(DriftState.Start, new LineReply("t1", "x", ""), new DriftScore { Total = 0.6, Agency = 0.6, Style = 0.1 }, 3);
        var score = new DriftScore { Total = 0.9, Agency = 0.9, Evidence = [new DriftEvidence("agency", 0.9, "a line is written for the person")] };
        var raised = window.Add(state, new LineReply("t2", "x", ""), score, 3).Raised!;
        Assert.Equal(("t2", 3, 0.8, 0.5, "agency"), (raised.Turn, raised.IdentityVersion, raised.Level, raised.Threshold, raised.Leading));
        Assert.Equal(0.1, raised.Components["style"]);
        Assert.DoesNotContain("vocabulary", raised.Components.Keys);
        Assert.Equal(score.Evidence, raised.Evidence);
    }

    [Fact]
    public void A_reply_of_unknown_score_changes_nothing()
    {
        var window = new DriftWindow(Options);
        var (state, _) = window.Add(DriftState.Start, new LineReply("t1", "x", ""), new DriftScore { Total = 0.9 }, 1);
        Assert.Same(state, window.Add(state, new LineReply("t2", "Aye.", ""), DriftScore.Unknown, 1).State);
    }

    [FsCheck.Xunit.Property(MaxTest = 100)]
    public void A_line_without_a_reply_has_the_state_it_would_have_had_if_the_reply_had_never_been(int[] picks, int removed)
    {
        var persona = Persona.Of("Quill");
        var all = persona.InCharacter.Concat(persona.Drifted).ToList();
        var line = (picks ?? []).Take(12).Select((pick, at) => (Reply: all[(int)((uint)pick % all.Count)], at)).Select(reply => new LineReply($"t{reply.at}", reply.Reply.Reply, reply.Reply.Message)).ToList();
        var (window, scorer) = (new DriftWindow(new DriftOptions()), new DriftScorer(persona.Core));
        var kept = line.Take(line.Count == 0 ? 0 : (int)((uint)removed % line.Count)).ToList();

        // A swipe away and back: folding the longer line between leaves no trace in the fold of the shorter.
        var before = window.Fold(kept, scorer, ["Mara"], 1);
        window.Fold(line, scorer, ["Mara"], 1);
        var after = window.Fold(kept, scorer, ["Mara"], 1);
        Assert.Equal(before.State.Level, after.State.Level);
        Assert.Equal(before.State.Drifted, after.State.Drifted);
        Assert.Equal(before.State.Accepted, after.State.Accepted);
        Assert.Equal(before.Raised.Select(raised => raised.Turn), after.Raised.Select(raised => raised.Turn));
    }

    [FsCheck.Xunit.Property(MaxTest = 100)]
    public void What_the_tracker_remembers_is_what_folding_the_line_gives(int[] picks, int cut)
    {
        var persona = Persona.Of("Benno");
        var character = Character(persona);
        var all = persona.InCharacter.Concat(persona.Drifted).ToList();
        var line = new List<TrackedTurn>();
        foreach (var pick in (picks ?? []).Take(10))
        {
            var reply = all[(int)((uint)pick % all.Count)];
            line.Add(new TrackedTurn($"u{line.Count}", true, reply.Message, $"{line.LastOrDefault().Chain}/{reply.Message}"));
            line.Add(new TrackedTurn($"a{line.Count}", false, reply.Reply, $"{line[^1].Chain}/{reply.Reply}"));
        }

        var tracker = Tracker(out _);
        for (var length = 1; length <= line.Count; length++)
            tracker.Read(character, line[..length], [persona.User]);
        var shorter = line[..(line.Count == 0 ? 0 : (int)((uint)cut % (uint)line.Count) + 1)];
        foreach (var asked in new[] { shorter, line })
        {
            var (remembered, raised) = tracker.Read(character, asked, [persona.User]);
            var replies = asked.Select((turn, at) => (turn, at)).Where(pair => !pair.turn.IsUser).Select(pair => new LineReply(pair.turn.Id, pair.turn.Content, asked[pair.at - 1].Content));
            var folded = new DriftWindow(new DriftOptions()).Fold(replies, new DriftScorer(persona.Core), [persona.User], 1);
            Assert.Equal(folded.State.Level, remembered.Level);
            Assert.Equal(folded.State.Drifted, remembered.Drifted);
            Assert.Equal(asked.Count > 0 && folded.Raised.Any(other => other.Turn == asked[^1].Id), raised is not null);
        }
    }

    [Fact]
    public void A_drift_is_counted_by_its_leading_component_and_answered_with_a_reminder()
    {
        var persona = Persona.Of("Voss");
        var character = Character(persona);
        var tracker = Tracker(out var meters);
        var counted = new List<string>();
        using var listener = new MeterListener { InstrumentPublished = (instrument, listener) => { if (instrument.Meter.Scope == meters) listener.EnableMeasurementEvents(instrument); } };
        listener.SetMeasurementEventCallback<long>((instrument, count, tags, _) => counted.Add($"{instrument.Name} {count} {tags[0].Value}"));
        listener.Start();
        var lecture = persona.Drifted.First(reply => reply.Kind == "assistant").Reply;
        TrackedTurn[] line = [new("u1", true, "How?", "1"), new("a1", false, lecture, "2"), new("u2", true, "And then?", "3"), new("a2", false, lecture, "4")];
        Assert.Null(tracker.Reanchor(character, tracker.Read(character, line[..2], ["Mara"]).State, "Mara"));

        var (state, raised) = tracker.Read(character, line, ["Mara"]);
        tracker.Tell(raised!, "ses_1", character);
        Assert.Equal("a2", raised!.Turn);
        Assert.Equal(["comox.memory.identity.drifted 1 assistant_speak"], counted);
        Assert.Contains("Trusts slowly, forgets nothing.", tracker.Reanchor(character, state, "Mara"));
    }

    [Fact]
    public void Switched_off_nothing_drifts()
    {
        var tracker = Tracker(out _, new DriftOptions { Enabled = false });
        var persona = Persona.Of("Voss");
        var line = Enumerable.Range(0, 4).Select(at => new TrackedTurn($"a{at}", false, "As an AI language model, I cannot assist with that.", $"{at}")).ToList();
        var (state, raised) = tracker.Read(Character(persona), line, []);
        Assert.Same(DriftState.Start, state);
        Assert.Null(raised);
    }

    [Theory]
    [InlineData(0, 0.3, 8, 0.75, 2, "Comox:Memory:Drift:Threshold")]
    [InlineData(0.5, 0.5, 8, 0.75, 2, "Comox:Memory:Drift:Release")]
    [InlineData(0.5, double.NaN, 8, 0.75, 2, "Comox:Memory:Drift:Release")]
    [InlineData(0.5, 0.3, 0, 0.75, 1, "Comox:Memory:Drift:Replies")]
    [InlineData(0.5, 0.3, 8, 0, 2, "Comox:Memory:Drift:Decay")]
    [InlineData(0.5, 0.3, 8, 0.75, 9, "Comox:Memory:Drift:LeastReplies")]
    public void A_setting_out_of_range_is_named(double threshold, double release, int replies, double decay, int least, string key) =>
        Assert.Contains(
            new MemoryOptions { Drift = new DriftOptions { Threshold = threshold, Release = release, Replies = replies, Decay = decay, LeastReplies = least } }.Problems(),
            problem => problem.StartsWith(key, StringComparison.Ordinal));

    private static DriftTracker Tracker(out IMeterFactory meters, DriftOptions? options = null)
    {
        meters = new ServiceCollection().AddMetrics().BuildServiceProvider().GetRequiredService<IMeterFactory>();
        return new DriftTracker(new MemoryOptions { Drift = options ?? new DriftOptions() }, meters, NullLogger<DriftTracker>.Instance);
    }

    private static Character Character(Persona persona) => new(
        new CharacterRow { Id = "chr_1", Slug = "voss", Name = persona.Name, IdentityVersion = 1, HasAvatar = false, CreatedAt = DateTimeOffset.UnixEpoch }, persona.Card);
}
