using Comox.Memory.Ingestion;
using Comox.Memory.Recall;

namespace Comox.Benchmarks.Locomo;

/// <summary>How much of a question's evidence was found: among the first five, ten and twenty turns, and in a thousand tokens; 0 to 1.</summary>
internal sealed record LocomoScore(string Conversation, int Category, double At5, double At10, double At20, double InTokens);

/// <summary>Asks a conversation's questions of the index that serves requests. No model and no network are in it.</summary>
internal static class LocomoRun
{
    public const int TokenBudget = 1_000;
    private const int Deepest = 60;

    public static IReadOnlyList<LocomoScore> Recall(LocomoConversation conversation, RecallWeights weights)
    {
        var index = Index(conversation, weights);
        // Whoever asks does so after everything was said.
        var now = conversation.Turns[^1].SaidAt.AddDays(1);
        var scores = new List<LocomoScore>();
        foreach (var question in conversation.Questions.Where(question => question.Evidence.Count > 0))
        {
            var found = index.Search(new RecallQuery { Text = question.Text, At = now }, Deepest).Turns;
            var packed = Packing.Choose([.. found.Select(turn => (turn.Score, Tokens(turn.Turn.Content)))], TokenBudget);
            scores.Add(Score(conversation, question, [.. found.Select(turn => turn.Turn.Id)], [.. packed.Select(place => found[place].Turn.Id)]));
        }

        return scores;
    }

    public static IReadOnlyList<LocomoScore> Bm25(LocomoConversation conversation)
    {
        var plain = new PlainBm25(conversation.Turns.Select(turn => turn.Text));
        return
        [
            .. conversation.Questions.Where(question => question.Evidence.Count > 0).Select(question =>
            {
                var found = plain.Rank(question.Text, Deepest).Select(at => conversation.Turns[at]).ToList();
                var (packed, left) = (new List<string>(), TokenBudget);
                foreach (var turn in found.TakeWhile(turn => (left -= Tokens(turn.Text)) >= 0))
                    packed.Add(turn.Id);
                return Score(conversation, question, [.. found.Select(turn => turn.Id)], packed);
            }),
        ];
    }

    public static RecallIndex Index(LocomoConversation conversation, RecallWeights weights)
    {
        var (index, extractor) = (new RecallIndex(weights), new RuleFactExtractor());
        foreach (var turn in conversation.Turns)
        {
            var session = $"{conversation.Id}/{turn.Session}";
            var told = new RecallTurn(turn.Id, session, turn.Speaker == conversation.Speakers[0] ? "user" : "assistant", turn.Text, turn.SaidAt) { Speaker = turn.Speaker };
            index.Append(told, extractor.Extract(turn.Text).Select((fact, number) =>
                new ToldFact($"{turn.Id}/{number}", fact.Relation, fact.Object, fact.Retracts, session, turn.Id, turn.SaidAt, 1, fact.Quote)));
        }

        return index;
    }

    private static LocomoScore Score(LocomoConversation conversation, LocomoQuestion question, IReadOnlyList<string> found, IReadOnlyList<string> packed)
    {
        return new LocomoScore(conversation.Id, question.Category, Part(found.Take(5)), Part(found.Take(10)), Part(found.Take(20)), Part(packed));

        double Part(IEnumerable<string> turns) => turns.Count(question.Evidence.Contains) / (double)question.Evidence.Count;
    }

    private static int Tokens(string text) => (text.Length + 3) / 4;
}
