using Comox.Memory.Datasets.Filters;
using Comox.Memory.Datasets.Words;
using Comox.ServiceDefaults.Contracts.Nodes;

namespace Comox.Memory.Datasets;

/// <summary>
/// Makes role-play dialogues to learn from:
/// <list type="number">
/// <item>a character, a person, what is remembered, and a conversation: an encounter;</item>
/// <item>last messages for it with their replies, each with the super-prompt that the memory service would send;</item>
/// <item>the filters, each of whose objections is counted.</item>
/// </list>
/// The same seed, lists and program make the same examples in the same order.
/// </summary>
internal sealed class DatasetGenerator(WordLists lists, PromptProfile profile, int seed, EncounterMaker? maker = null)
{
    private readonly EncounterMaker _maker = maker ?? new EncounterMaker(lists);
    private readonly IReadOnlyList<IExampleFilter> _filters = [new FormatFilter(), new LengthFilter(profile), new GroundedFilter(), new CharacterBreakFilter(), new RepetitionFilter()];
    private readonly MinHash _encounters = new(similarity: .9);

    public DatasetCounts Counts { get; } = new();

    /// <summary>The examples of one encounter, in a row; none where nothing of it is kept.</summary>
    /// <param name="stage">How long they are.</param>
    /// <param name="number">Which one: each is made from the seed and its number alone.</param>
    public IReadOnlyList<Example> Make(Stage stage, int number)
    {
        var dice = new Dice(unchecked((seed * 1_000_003) + number));

        // 1. The encounter.
        var encounter = _maker.Make(stage, profile, dice);
        if (encounter.Prompt("Hello!") is not { } open)
        {
            Counts.Drop("length");
            return [];
        }

        if (_encounters.IsKnown(string.Join('\n', open.Messages.Select(message => message.Content))))
        {
            Counts.Drop("near_duplicate");
            return [];
        }

        // 2. Its endings. Two of one encounter that say the same are one.
        var endings = new MinHash(similarity: .8);
        var kept = new List<Example>();
        for (var count = 0; count < stage.Endings; count++)
        {
            if (_maker.Ending(encounter, open.Shown, dice) is not { } exchange)
                continue;
            if (encounter.Prompt(exchange.Said) is not { } prompt)
            {
                Counts.Drop("length");
                continue;
            }

            var example = new Example(exchange.Kind, prompt.Messages, exchange.Reply)
            {
                Said = exchange.Said,
                Uses = [.. exchange.Uses.Select(statement => statement.Value)],
                NotLearned = encounter.NotLearned(prompt.Messages),
                Written = encounter.Persona.IsGiven ? [.. encounter.Written, exchange.Said] : null,
            };

            // 3. The filters.
            if (encounter.RestsOnUnseen(exchange, prompt.Messages))
                Counts.Drop("not_grounded");
            else if (_filters.FirstOrDefault(filter => filter.Objection(example) is not null) is { } objects)
                Counts.Drop(objects.Name);
            else if (endings.IsKnown($"{example.Said} {example.Reply}"))
                Counts.Drop("near_duplicate");
            else
                kept.Add(example);
        }

        foreach (var example in kept)
            Counts.Keep(example, stage);
        var unlearned = encounter.NotLearned(open.Messages);
        Counts.Learned(encounter.History.Count(entry => !unlearned.Contains(entry.Exchange.Reply) && open.Messages.Any(message => message.Content == entry.Exchange.Reply)));
        return kept;
    }
}
