using System.Globalization;
using Comox.Memory.Ingestion;
using Comox.Memory.Recall;
using Comox.Memory.Storage;

namespace Comox.Benchmarks;

/// <summary>
/// What one person and one character said to each other, made up but always the same: words are as unevenly frequent as in a language (Zipf's law),
/// because the posting lists of the frequent ones are what recall spends its time on.
/// </summary>
internal sealed class Conversations
{
    private const string Character = "Brine";
    private const int Vocabulary = 20_000;
    private const int TurnsPerSession = 100;
    private const int TurnsPerFact = 50;

    private static readonly Dictionary<int, Conversations> Made = [];
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly string[] Relations = ["likes", "is.landlord", "favourite.food", "pet.cat", "named.sister", "lives_in", "works_as", "likes_to_drink"];

    private readonly Random _random = new(1);
    private readonly string[] _words;
    private readonly double[] _upTo;

    private Conversations(int turns)
    {
        _words = [.. Enumerable.Range(0, Vocabulary).Select(Word)];
        var sum = 0.0;
        _upTo = [.. Enumerable.Range(1, Vocabulary).Select(rank => sum += 1.0 / (rank + 20))];

        var segments = new Dictionary<string, RecallSegment>(StringComparer.Ordinal);
        for (var at = 0; at < turns; at++)
        {
            var session = $"ses_{at / TurnsPerSession:D6}";
            if (!segments.TryGetValue(session, out var segment))
                segments[session] = segment = new RecallSegment(TimeZoneInfo.Utc);
            var said = Start.AddMinutes(at);
            var turn = new RecallTurn($"trn_{at:D8}", session, at % 2 == 0 ? "user" : "assistant", Sentence(6 + _random.Next(25)), said);
            segment.Add(turn, at % 2 == 0 ? "mara" : Character, at % TurnsPerFact == 0 ? [Fact(turn, at)] : []);
        }

        Index = new RecallIndex(segments);
        var topics = Enumerable.Range(0, 16).Select(_ => Sentence(4)).ToList();
        Questions = [.. topics.Select(topic => Question($"Do you remember what I said about {topic}?"))];
        QuestionsByName = [.. topics.Select(topic => Question($"{Character}, do you remember what I said about {topic}?"))];
    }

    public RecallIndex Index { get; }

    /// <summary>Messages of the usual mixture: some words rare, some frequent.</summary>
    public IReadOnlyList<TurnRow> Questions { get; }

    /// <summary>The same, with the character addressed by name: a term of every turn the character spoke.</summary>
    public IReadOnlyList<TurnRow> QuestionsByName { get; }

    /// <summary>Building a hundred thousand turns takes longer than measuring them.</summary>
    public static Conversations Of(int turns)
    {
        if (!Made.TryGetValue(turns, out var made))
            Made[turns] = made = new Conversations(turns);
        return made;
    }

    private ToldFact Fact(RecallTurn turn, int at) => new(
        $"fct_{at:D8}", Relations[at / TurnsPerFact % Relations.Length], Sentence(2), false, turn.SessionId, turn.Id, turn.SaidAt, (at % TurnsPerSession) + 1, turn.Content);

    private string Sentence(int words) => string.Join(' ', Enumerable.Range(0, words).Select(_ => Drawn()));

    private string Drawn()
    {
        var place = Array.BinarySearch(_upTo, _random.NextDouble() * _upTo[^1]);
        return _words[place < 0 ? ~place : place];
    }

    // Pronounceable and without an English ending, so that stemming leaves 20,000 of them.
    private static string Word(int number)
    {
        const string Consonants = "bdfgklmnprtv";
        const string Vowels = "aiou";
        var word = "";
        for (var rest = number + 48; rest > 0; rest /= 48)
            word += string.Create(CultureInfo.InvariantCulture, $"{Consonants[rest % 12]}{Vowels[rest / 12 % 4]}");
        return word + "k";
    }

    private static TurnRow Question(string text) => new()
    {
        Id = "trn_asked", SessionId = "ses_asked", ParentId = null, Depth = 1, Current = true, Role = "user", Content = text, Chain = "", CreatedAt = Start,
    };
}
