using Comox.Memory.Recall;

namespace Comox.Memory.Tests;

/// <summary>Small indexes for tests: turns of one session, or lines such as "mara: I moved to Porto."</summary>
internal static class RecallLines
{
    public static readonly DateTimeOffset Start = new(2026, 3, 14, 9, 0, 0, TimeSpan.Zero);

    public static RecallIndex Index(params (string Role, string Content)[] turns)
    {
        var index = new RecallIndex();
        for (var at = 0; at < turns.Length; at++)
            index.Append(Turn(at, turns[at].Role, turns[at].Content));
        return index;
    }

    public static RecallTurn Turn(int at, string role, string content, string session = "s") =>
        new($"{session}-{at:D4}", session, role, content, Start.AddMinutes(at)) { Speaker = role == "user" ? "mara" : "brine" };

    public static RecallQuery Query(string text) => new() { Text = text, At = Start.AddDays(30), Asker = "mara", Addressee = "brine" };

    public static FoundTurns Search(RecallIndex index, string text, int limit = 20) => index.Search(Query(text), limit);
}
