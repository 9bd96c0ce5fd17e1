using Comox.Memory.Cards;
using Comox.Memory.Datasets.People;
using Comox.Memory.Datasets.Talk;
using Comox.Memory.Sessions;
using Comox.Memory.SuperPrompt;
using Comox.ServiceDefaults.Contracts.Nodes;
using Comox.ServiceDefaults.Contracts.OpenAI;

namespace Comox.Memory.Datasets;

/// <summary>
/// One conversation up to a last message that is still open, with all that a super-prompt is made of. Its prompts are the product's own: what is here is given to
/// <see cref="StandardFormat"/>, as the memory service does.
/// </summary>
internal sealed class Encounter
{
    private static readonly StandardFormat Format = new();

    public required Persona Persona { get; init; }
    public required Person Person { get; init; }
    public required PromptProfile Profile { get; init; }
    public required IReadOnlyList<Remembered> Memory { get; init; }

    /// <summary>What has been said, with what of it may be learned from: a reply that rests on a memory that is not in this prompt may not.</summary>
    public required IReadOnlyList<(Exchange Exchange, bool Learn)> History { get; init; }

    /// <summary>What the character said first; null: the conversation began earlier than is shown.</summary>
    public string? Greeting { get; init; }

    public SceneWords Scene { get; init; } = SceneWords.None;
    public string? Summary { get; init; }
    public IReadOnlyList<string> Lore { get; init; } = [];
    public IReadOnlyList<string> Instructions { get; init; } = [];

    /// <summary>Whether nothing is said but words to be said again.</summary>
    public bool IsEcho { get; init; }

    public bool IsReminded { get; init; }

    /// <summary>All that its prompts are made of, but the card and the last message.</summary>
    public IReadOnlyList<string> Written =>
    [
        Person.Name.Spoken,
        .. Memory.SelectMany(remembered => new[] { remembered.Candidate.Fact?.Relation, remembered.Candidate.Fact?.Object, remembered.Candidate.Fact?.Quote, remembered.Candidate.Turn?.Content }).OfType<string>(),
        .. History.SelectMany(entry => new[] { entry.Exchange.Said, entry.Exchange.Reply }),
        Scene.Text ?? "",
        Summary ?? "",
        .. Lore,
        .. Instructions,
    ];

    /// <summary>
    /// The replies in a prompt that nothing may be learned from: those that rest on something that is not in it, or comes only after them. The beginning of a long conversation is cut off.
    /// </summary>
    public IReadOnlySet<string> NotLearned(IReadOnlyList<ChatMessage> prompt)
    {
        var none = new HashSet<string>(StringComparer.Ordinal);
        var at = prompt.Count - 2;
        foreach (var (exchange, learn) in History.Reverse())
        {
            if (at < 1 || prompt[at].Content != exchange.Reply)
                break;
            var before = prompt.Take(at).ToList();
            if (!learn || exchange.Uses.Concat([exchange.Mends]).OfType<Statement>().Any(rests => !IsIn(before, rests.Value)))
                none.Add(exchange.Reply);
            at -= 2;
        }

        return none;
    }

    /// <summary>Whether a reply says what was told by "make that …" alone, and what that was about is cut off.</summary>
    public bool RestsOnUnseen(Exchange exchange, IReadOnlyList<ChatMessage> prompt) =>
        History.Any(entry => entry.Exchange is { Mends: { } mended, Tells: { } told } && exchange.Uses.Contains(told) && !IsIn(prompt, mended.Value));

    /// <summary>Whether a value stands in one of these messages, in whatever case.</summary>
    public static bool IsIn(IReadOnlyList<ChatMessage> messages, string value) => messages.Any(message => message.Content.Contains(value, StringComparison.OrdinalIgnoreCase));

    /// <summary>The prompt that ends with <paramref name="said"/>; null: it does not fit. And the statements that it shows.</summary>
    public (IReadOnlyList<ChatMessage> Messages, IReadOnlyList<Statement> Shown)? Prompt(string said)
    {
        var line = new List<LineTurn>();
        var depth = Greeting is null ? 41 : 1;
        if (Greeting is not null)
            Add(Utterance.Assistant, Greeting);
        foreach (var (exchange, _) in History)
        {
            Add(Utterance.User, exchange.Said);
            Add(Utterance.Assistant, exchange.Reply);
        }

        Add(Utterance.User, said);
        var assembled = Format.Assemble(new PromptParts
        {
            Card = Persona.Card,
            User = Person.Name,
            Profile = Profile,
            Line = line,
            Recalled = [.. Memory.Select(remembered => remembered.Candidate)],
            ClientInstructions = Instructions,
            Summaries = Summary is null ? [] : [new LineSummary(40, Summary)],
            Scene = Scene.Text,
            Lore = Lore,
            Reanchor = IsReminded ? $"Remember who {Persona.Card.SpokenName} is.\n{CardMacros.Expand(Persona.Card.Identity.Style, Persona.Card.SpokenName, Person.Name.Spoken)}" : null,
        });
        if (!assembled.IsSuccess)
            return null;
        var messages = assembled.Value.Messages;
        var included = assembled.Value.Recalled.Where(item => item.Included).Select(item => item.Id).ToHashSet(StringComparer.Ordinal);
        return (messages, [.. Memory.Where(remembered => remembered.Says is not null && included.Contains(remembered.Candidate.Id)).Select(remembered => remembered.Says!)]);

        void Add(string role, string content) => line.Add(new LineTurn($"h{depth}", role, content, depth++));
    }
}
