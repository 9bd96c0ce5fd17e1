using System.Globalization;
using System.Security.Cryptography;
using Comox.Memory.Cards;
using Comox.Memory.Datasets.Words;
using Comox.ServiceDefaults.Contracts.Nodes;

namespace Comox.Memory.Datasets;

/// <summary>
/// The verb <c>dataset</c>: <c>dotnet run --project Comox.Memory -- dataset --out FOLDER [--seed 1] [--encounters 20000] [--stage echo|bare|crowded|short|middle|long]
/// [--after 0.45] [--card FILE --voice pirate]</c> writes <c>train.jsonl</c> and its data card; with <c>--card</c> the conversations of that character alone, for an adapter; with
/// <c>--after</c> what a model that has been trained before goes on with.
/// </summary>
internal static class DatasetVerb
{
    private const string Usage = "dataset --out FOLDER [--seed 1] [--encounters 20000] [--stage echo|bare|crowded|short|middle|long] [--after SHARE] [--card FILE --voice NAME]";
    private const int BetweenLines = 1000;

    /// <returns>The exit code: 0 written, 1 not, 2 not understood; null: another verb, or none.</returns>
    public static int? Run(string[] args, TextWriter told) => Run(args, told, WordLists.BuiltIn);

    public static int? Run(string[] args, TextWriter told, WordLists lists)
    {
        if (args is not ["dataset", .. var rest])
            return null;
        if (Read(rest, out var problem) is not { } wanted)
        {
            told.WriteLine($"{problem} Usage: {Usage}");
            return 2;
        }

        try
        {
            var counts = Write(wanted, told, lists);
            if (counts.Examples > 0)
                return 0;
            told.WriteLine($"No example was kept: {Dropped(counts)}.");
            return 1;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or ArgumentException or FormatException)
        {
            told.WriteLine($"The data set could not be written: {failure.Message}");
            return 1;
        }
    }

    private static DatasetCounts Write(Wanted wanted, TextWriter told, WordLists lists)
    {
        Directory.CreateDirectory(wanted.Out);
        var generator = new DatasetGenerator(lists, PromptProfile.BuiltIn, wanted.Seed, Maker(wanted, lists));
        var path = Path.Combine(wanted.Out, "train.jsonl");
        using (var file = new BufferedStream(File.Create(path), 1 << 20))
        using (var writer = new ExampleWriter(file))
        {
            for (var number = 0; number < wanted.Encounters; number++)
            {
                var stage = Stage.All.FirstOrDefault(stage => stage.Name == wanted.Stage) ?? Stage.At(wanted.After + ((1 - wanted.After) * number / wanted.Encounters), new Dice(unchecked(wanted.Seed + (31 * number))));
                foreach (var example in generator.Make(stage, number))
                    writer.Write(example);
                if ((number + 1) % BetweenLines == 0)
                    told.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{number + 1:N0} of {wanted.Encounters:N0} encounters, {generator.Counts.Examples:N0} examples"));
            }
        }

        using var made = File.OpenRead(path);
        var card = DataCard.Of(generator.Counts, lists, wanted.Seed, wanted.Encounters, Convert.ToHexStringLower(SHA256.HashData(made)));
        File.WriteAllText(Path.Combine(wanted.Out, "data-card.md"), card);
        told.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{path}: {generator.Counts.Examples:N0} examples of {wanted.Encounters:N0} encounters, {made.Length / 1e6:N0} MB; {Dropped(generator.Counts)} kept out"));
        return generator.Counts;
    }

    private static string Dropped(DatasetCounts counts) => string.Join(", ", counts.Dropped.Select(drop => string.Create(CultureInfo.InvariantCulture, $"{drop.Key} {drop.Value:N0}")));

    private static EncounterMaker Maker(Wanted wanted, WordLists lists)
    {
        if (wanted.Card is null)
            return new EncounterMaker(lists);
        var card = CardReader.Read(File.ReadAllText(wanted.Card));
        return card.IsSuccess ? new EncounterMaker(lists, card.Value, wanted.Voice) : throw new ArgumentException(card.Error.Message);
    }

    private static Wanted? Read(string[] args, out string problem)
    {
        var wanted = new Wanted("", 1, 20_000, null);
        for (var at = 0; at + 1 < args.Length; at += 2)
        {
            var value = args[at + 1];
            var isNumber = int.TryParse(value, CultureInfo.InvariantCulture, out var number);
            switch (args[at])
            {
                case "--out":
                    wanted = wanted with { Out = value };
                    break;
                case "--seed" when isNumber:
                    wanted = wanted with { Seed = number };
                    break;
                case "--encounters" when isNumber && number > 0:
                    wanted = wanted with { Encounters = number };
                    break;
                case "--stage" when Stage.All.Any(stage => stage.Name == value):
                    wanted = wanted with { Stage = value };
                    break;
                case "--after" when double.TryParse(value, CultureInfo.InvariantCulture, out var after) && after is >= 0 and < 1:
                    wanted = wanted with { After = after };
                    break;
                case "--card":
                    wanted = wanted with { Card = value };
                    break;
                case "--voice":
                    wanted = wanted with { Voice = value };
                    break;
                default:
                    problem = $"'{args[at]} {value}' is not understood.";
                    return null;
            }
        }

        problem = args.Length % 2 == 1 ? $"'{args[^1]}' has no value." : wanted.Out.Length == 0 ? "Where to? --out names a folder."
            : (wanted.Card is null) != (wanted.Voice.Length == 0) ? "--card and --voice go together: one says who speaks, the other how."
            : wanted is { Stage: not null, After: > 0 } ? "--stage and --after do not go together: one is a single stage, the other leaves out the first of all." : "";
        return problem.Length == 0 ? wanted : null;
    }

    private sealed record Wanted(string Out, int Seed, int Encounters, string? Stage)
    {
        public string? Card { get; init; }
        public string Voice { get; init; } = "";

        /// <summary>How much of what a model that begins from nothing is taught at first is left out, 0 to 1.</summary>
        public double After { get; init; }
    }
}
