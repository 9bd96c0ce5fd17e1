namespace Comox.Benchmarks.Fleet;

/// <summary>A model that characters speak with.</summary>
/// <param name="Id">Its name.</param>
/// <param name="Weights">Its bytes, 8 bits a parameter.</param>
/// <param name="Bytes">With room for keys and values.</param>
internal sealed record FleetModel(string Id, long Weights, long Bytes);

/// <summary>A character: its model, and the system prompt that all its conversations begin with.</summary>
internal sealed record FleetCharacter(int Number, FleetModel Model, int SystemTokens);

/// <summary>One message of a conversation.</summary>
/// <param name="Think">Seconds between the answer before and this.</param>
/// <param name="NewTokens">What it adds to the prompt, beside the answer before.</param>
/// <param name="OutputTokens">Length of its answer.</param>
internal readonly record struct FleetTurn(double Think, int NewTokens, int OutputTokens);

/// <summary>A conversation: who with, when it begins, and what is said.</summary>
internal sealed record FleetTalk(int Number, FleetCharacter Character, double At, IReadOnlyList<FleetTurn> Turns);

/// <summary>
/// What people do with 300 characters in an hour, the same with every run of one seed. How often a character is chosen follows Zipf's law; two in three characters have a fine-tuned
/// model of their own, the others share eight base models. Conversations have twelve messages on average, half a minute apart.
/// </summary>
internal sealed class FleetTrace
{
    private const double Exponent = 1.0;
    private const int SharedModels = 8;

    public FleetTrace(int characters, double talksPerSecond, double seconds, int seed)
    {
        var random = new Random(seed);
        var shared = Enumerable.Range(0, SharedModels).Select(number => Model($"base-{number}", random)).ToList();
        Characters = [.. Enumerable.Range(0, characters).Select(number => new FleetCharacter(
            number, number % 3 == 0 ? shared[number / 3 % SharedModels] : Model($"tuned-{number}", random), random.Next(400, 1200)))];
        Models = [.. Characters.Select(character => character.Model).Distinct()];
        var sums = new double[characters];
        var sum = 0.0;
        for (var rank = 0; rank < characters; rank++)
            sums[rank] = sum += 1 / Math.Pow(rank + 1, Exponent);

        // Ranks are dealt out, so that the popular are not all of the first models.
        var ranks = Enumerable.Range(0, characters).ToArray();
        random.Shuffle(ranks);
        var talks = new List<FleetTalk>();
        for (var at = Exponential(random, 1 / talksPerSecond); at < seconds; at += Exponential(random, 1 / talksPerSecond))
        {
            var rank = Array.BinarySearch(sums, random.NextDouble() * sum);
            talks.Add(new FleetTalk(talks.Count, Characters[ranks[rank < 0 ? ~rank : rank]], at, Turns(random)));
        }

        Talks = talks;
    }

    public IReadOnlyList<FleetCharacter> Characters { get; }
    public IReadOnlyList<FleetModel> Models { get; }
    public IReadOnlyList<FleetTalk> Talks { get; }

    // 3B, 8B and 12B: the sizes that a card of 24 GB holds beside another.
    private static FleetModel Model(string id, Random random)
    {
        var (weights, room) = random.NextDouble() switch
        {
            < 0.25 => (3.4e9, 1.6e9),
            < 0.8 => (8.5e9, 2.9e9),
            _ => (12.7e9, 3.8e9),
        };
        return new FleetModel(id, (long)weights, (long)(weights + room));
    }

    private static List<FleetTurn> Turns(Random random)
    {
        var turns = new List<FleetTurn>();
        do
            turns.Add(new FleetTurn(Exponential(random, 30), random.Next(10, 80), (int)Math.Clamp(Math.Exp(4.8 + (0.5 * Normal(random))), 20, 600)));
        while (random.NextDouble() > 1 / 12.0 && turns.Count < 60);
        return turns;
    }

    private static double Exponential(Random random, double mean) => -mean * Math.Log(1 - random.NextDouble());

    private static double Normal(Random random) => Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
}
