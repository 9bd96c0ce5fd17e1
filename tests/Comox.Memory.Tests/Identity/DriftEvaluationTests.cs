using System.Globalization;
using Comox.Memory.Identity.Drift;

namespace Comox.Memory.Tests;

/// <summary>
/// How well drift is told from character, on replies written by hand for eight personas. Weights and thresholds were chosen on the development half alone.
/// The figures are in docs/benchmarks.md; each test writes its own.
/// </summary>
public sealed class DriftEvaluationTests(ITestOutputHelper output)
{
    private const int Shuffles = 50;

    private static readonly (string Name, Func<DriftScore, double?> Of)[] Components =
    [
        ("style", score => score.Style), ("vocabulary", score => score.Vocabulary), ("boundary", score => score.Boundary), ("agency", score => score.Agency),
        ("assistant_speak", score => score.AssistantSpeak), ("total", score => score.Total),
    ];

    [Fact]
    public void The_set_is_as_large_as_the_figures_claim()
    {
        Assert.Equal(8, Persona.All.Count);
        Assert.Equal(4, Persona.All.Count(persona => persona.IsHeldOut));
        Assert.Equal(72, Persona.All.Sum(persona => persona.InCharacter.Count));
        Assert.Equal(72, Persona.All.Sum(persona => persona.Drifted.Count));
        Assert.Equal(144, Persona.All.SelectMany(persona => persona.InCharacter.Concat(persona.Drifted)).Select(reply => reply.Reply).Distinct().Count());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_total_tells_drift_from_character(bool heldOut)
    {
        var scored = Scored(heldOut);
        foreach (var (name, of) in Components)
        {
            var known = scored.Where(reply => of(reply.Score) is not null).ToList();
            var own = name == "total" ? "" : $", against its own kind {Auc(known.Where(reply => reply.Kind is null || KindOf(name) == reply.Kind), of):0.000}";
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{(heldOut ? "held-out" : "development")} {name}: AUC {Auc(known, of):0.000} over {known.Count} replies{own}"));
        }

        Assert.InRange(Auc(scored, score => score.Total), 0.9, 1);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_window_over_replies_in_character_raises_no_alarm(bool heldOut)
    {
        var options = new DriftOptions();
        var (sequences, alarms, missed, late) = (0, 0, 0, new List<int>());
        foreach (var persona in Persona.All.Where(persona => persona.IsHeldOut == heldOut))
        {
            var (scorer, window, dice) = (new DriftScorer(persona.Core), new DriftWindow(options), new Random(7));
            for (var round = 0; round < Shuffles; round++)
            {
                var calm = Shuffled(persona.InCharacter, dice);
                sequences++;
                alarms += window.Fold(Line(calm), scorer, [persona.User], 1).Raised.Count > 0 ? 1 : 0;

                // Four replies in character, then one drifted reply after the other.
                var drifting = Line([.. calm[..4], .. Shuffled(persona.Drifted, dice)]).ToList();
                if (window.Fold(drifting, scorer, [persona.User], 1).Raised is [var raised, ..])
                    late.Add(drifting.FindIndex(reply => reply.Turn == raised.Turn) - 3);
                else
                    missed++;
            }
        }

        late.Sort();
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{(heldOut ? "held-out" : "development")}: {alarms} of {sequences} sequences in character raise an alarm ({100.0 * alarms / sequences:0.0} %); "
            + $"{missed} of {sequences} drifts missed, the others noticed after {late[late.Count / 2]} drifted replies (median; 9 of 10 after {late[late.Count * 9 / 10]})"));
        Assert.InRange((double)alarms / sequences, 0, 0.02);
        Assert.InRange((double)missed / sequences, 0, 0.05);
    }

    private static List<(string? Kind, DriftScore Score)> Scored(bool heldOut) =>
    [
        .. from persona in Persona.All
           where persona.IsHeldOut == heldOut
           let scorer = new DriftScorer(persona.Core)
           from reply in persona.InCharacter.Concat(persona.Drifted)
           select (reply.Kind, scorer.Score(persona.Asked(reply))),
    ];

    /// <summary>The chance that a drifted reply has a higher score than one in character; ties count half.</summary>
    private static double Auc(IEnumerable<(string? Kind, DriftScore Score)> scored, Func<DriftScore, double?> of)
    {
        var known = scored.Where(reply => of(reply.Score) is not null).ToList();
        var (calm, drifted) = (known.Where(reply => reply.Kind is null).ToList(), known.Where(reply => reply.Kind is not null).ToList());
        var won = drifted.Sum(high => calm.Sum(low => of(high.Score) > of(low.Score) ? 1 : of(high.Score) == of(low.Score) ? 0.5 : 0));
        return won / ((double)calm.Count * drifted.Count);
    }

    private static string KindOf(string component) => component == DriftComponents.AssistantSpeak ? "assistant" : component;

    private static IEnumerable<LineReply> Line(IEnumerable<JudgedReply> replies) => replies.Select((reply, at) => new LineReply($"t{at}", reply.Reply, reply.Message));

    private static List<JudgedReply> Shuffled(IEnumerable<JudgedReply> replies, Random dice)
    {
        var list = replies.ToArray();
        dice.Shuffle(list);
        return [.. list];
    }
}
