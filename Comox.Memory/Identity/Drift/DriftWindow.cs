namespace Comox.Memory.Identity.Drift;

/// <summary>One reply of a line.</summary>
/// <param name="Turn">Its id.</param>
/// <param name="Reply">Its words.</param>
/// <param name="Message">What the person said before it.</param>
internal readonly record struct LineReply(string Turn, string Reply, string Message);

/// <summary>
/// Folds the replies of the current line into a state. Nothing else goes in, so a swipe, an edit or a deleted turn is undone by folding the line that is left.
/// Two thresholds, so that a window that wavers around one does not raise an event each time.
/// </summary>
internal sealed class DriftWindow(DriftOptions options)
{
    // Further replies would add words of the story to what is to be the character's own.
    private const int MostAccepted = 6;

    /// <summary>The state after one more reply, and the event where it has just drifted.</summary>
    public (DriftState State, IdentityDrifted? Raised) Add(DriftState state, LineReply reply, DriftScore score, int identityVersion)
    {
        if (score.Total is not { } total)
            return (state, null);

        var recent = state.Recent.Add(score);
        if (recent.Length > options.Replies)
            recent = recent.RemoveAt(0);
        var next = state with
        {
            Recent = recent,
            Accepted = total < options.Release && state.Accepted.Length < MostAccepted ? state.Accepted.Add(reply.Reply) : state.Accepted,
        };
        var level = recent.Length < options.LeastReplies ? null : next.Mean(scored => scored.Total, options.Decay);
        next = next with { Level = level, Drifted = level is { } known && (state.Drifted ? known >= options.Release : known >= options.Threshold) };
        return (next, next.Drifted && !state.Drifted ? Raised(next, reply, score, identityVersion) : null);
    }

    /// <summary>The state after all replies of a line, oldest first, with the events on the way.</summary>
    public (DriftState State, IReadOnlyList<IdentityDrifted> Raised) Fold(IEnumerable<LineReply> line, DriftScorer scorer, IReadOnlyList<string> userNames, int identityVersion)
    {
        var (state, events) = (DriftState.Start, new List<IdentityDrifted>());
        foreach (var reply in line)
        {
            (state, var raised) = Add(state, reply, scorer.Score(new ReplyToScore(reply.Reply, reply.Message, userNames, state.Accepted)), identityVersion);
            if (raised is not null)
                events.Add(raised);
        }

        return (state, events);
    }

    private IdentityDrifted Raised(DriftState state, LineReply reply, DriftScore score, int identityVersion)
    {
        var components = new SortedDictionary<string, double>(StringComparer.Ordinal);
        Mean(DriftComponents.Style, scored => scored.Style);
        Mean(DriftComponents.Vocabulary, scored => scored.Vocabulary);
        Mean(DriftComponents.Boundary, scored => scored.Boundary);
        Mean(DriftComponents.Agency, scored => scored.Agency);
        Mean(DriftComponents.AssistantSpeak, scored => scored.AssistantSpeak);
        return new IdentityDrifted(reply.Turn, identityVersion, Math.Round(state.Level!.Value, 3), options.Threshold, components, score.Evidence);

        void Mean(string name, Func<DriftScore, double?> component)
        {
            if (state.Mean(component, options.Decay) is { } mean)
                components[name] = Math.Round(mean, 3);
        }
    }
}
