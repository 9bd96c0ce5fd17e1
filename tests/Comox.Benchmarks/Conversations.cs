using System.Globalization;
using Comox.Memory.Ingestion;
using Comox.Memory.Recall;

namespace Comox.Benchmarks;

/// <summary>
/// What one person and one character said to each other, made up but always the same: words are as unevenly frequent as in a language (Zipf's law),
/// because the posting lists of the frequent ones are what recall spends its time on.
/// </summary>
internal sealed class Conversations
{
    private const string Character = "Brine";
    private const string Person = "mara";
    private const int Vocabulary = 20_000;
    private const int TurnsPerSession = 100;
    private const int TurnsPerFact = 50;

    private static readonly Dictionary<int, Conversations> Made = [];
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly string[] Relations = ["likes", "is.landlord", "favourite.food", "pet.cat", "named.sister", "lives_in", "works_as", "likes_to_drink"];

    // Among the invented words, so that questions by kind have what they ask for: a hundredth of all that is said.
    private const int RanksPerEnglish = 25;

    private static readonly string[] English =
    [
        "dog", "pizza", "paris", "guitar", "tennis", "coffee", "kitten", "beach", "salad", "london", "piano", "football", "tea", "horse", "mountain", "soup", "berlin", "violin", "chess", "cake",
        "parrot", "lake", "bread", "rome", "drum", "yoga", "juice", "turtle", "forest", "cheese", "madrid", "swim", "rabbit", "museum", "fish", "vienna", "hike", "milk", "bird", "park",
    ];

    private static readonly string[] AllWords = [.. Enumerable.Range(0, Vocabulary).Select(rank => rank % RanksPerEnglish == RanksPerEnglish - 1 && rank / RanksPerEnglish < English.Length ? English[rank / RanksPerEnglish] : Word(rank))];
    private static readonly double[] UpTo = Frequencies();

    private readonly Random _random;

    public Conversations(int turns, int seed = 1, int topics = 16)
    {
        _random = new Random(seed);
        for (var at = 0; at < turns; at++)
        {
            var turn = Turn(at);
            Index.Append(turn, at % TurnsPerFact == 0 ? [Fact(turn, at)] : []);
        }

        // One in four asks by kinds, each of which stands for twenty words and more.
        var asked = Enumerable.Range(0, topics).Select(_ => Sentence(4)).ToList();
        Questions = [.. asked.Select((topic, at) => Question(Start.AddMinutes(turns), at % 4 == 3 ? $"What food, pets and places did I like with {topic}?" : $"Do you remember what I said about {topic}?"))];
        QuestionsByName = [.. asked.Select(topic => Question(Start.AddMinutes(turns), $"{Character}, do you remember what I said about {topic}?"))];
    }

    public RecallIndex Index { get; } = new();

    /// <summary>Messages of the usual mixture: some words rare, some frequent.</summary>
    public IReadOnlyList<RecallQuery> Questions { get; }

    /// <summary>The same, with the character addressed by name.</summary>
    public IReadOnlyList<RecallQuery> QuestionsByName { get; }

    /// <summary>Building a hundred thousand turns takes longer than measuring them.</summary>
    public static Conversations Of(int turns)
    {
        if (!Made.TryGetValue(turns, out var made))
            Made[turns] = made = new Conversations(turns);
        return made;
    }

    /// <summary>The turn of this number, with words drawn anew.</summary>
    public RecallTurn Turn(int at) =>
        new($"trn_{at:D8}", $"ses_{at / TurnsPerSession:D6}", at % 2 == 0 ? "user" : "assistant", Sentence(6 + _random.Next(25)), Start.AddMinutes(at)) { Speaker = at % 2 == 0 ? Person : Character };

    private static RecallQuery Question(DateTimeOffset at, string text) => new() { Text = text, At = at, Asker = Person, Addressee = Character };

    private ToldFact Fact(RecallTurn turn, int at) => new(
        $"fct_{at:D8}", Relations[at / TurnsPerFact % Relations.Length], Sentence(2), false, turn.SessionId, turn.Id, turn.SaidAt, (at % TurnsPerSession) + 1, turn.Content);

    private string Sentence(int words) => string.Join(' ', Enumerable.Range(0, words).Select(_ => Drawn()));

    private string Drawn()
    {
        var place = Array.BinarySearch(UpTo, _random.NextDouble() * UpTo[^1]);
        return AllWords[place < 0 ? ~place : place];
    }

    private static double[] Frequencies()
    {
        var sum = 0.0;
        return [.. Enumerable.Range(1, Vocabulary).Select(rank => sum += 1.0 / (rank + 20))];
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
}
