using System.Text.RegularExpressions;
using Comox.Memory.Sessions;
using Comox.Memory.SuperPrompt;
using Comox.ServiceDefaults.Contracts.Nodes;

namespace Comox.Memory.Datasets.Filters;

/// <summary>System first, then person and character in turn, the person last; nothing empty, and no placeholder left over.</summary>
internal sealed partial class FormatFilter : IExampleFilter
{
    public string Name => "format";

    public string? Objection(Example example)
    {
        var prompt = example.Prompt;
        if (prompt.Count < 2 || prompt[0].Role != "system")
            return "it does not begin with a system message";
        for (var at = 1; at < prompt.Count; at++)
        {
            if (prompt[at].Role != (at % 2 == 1 ? Utterance.User : Utterance.Assistant))
                return "person and character do not take turns";
        }

        if (prompt[^1].Role != Utterance.User)
            return "the person has not the last word";
        if (string.IsNullOrWhiteSpace(example.Reply) || prompt.Any(message => string.IsNullOrWhiteSpace(message.Content)))
            return "a message is empty";

        // Not in the text of somebody's card: two spaces, and macros that are not known, are as the author wrote them.
        var written = example.Written ?? [.. prompt.Select(message => message.Content)];
        return Placeholder().IsMatch(example.Reply) || written.Any(text => Placeholder().IsMatch(text)) ? "a placeholder is left" : null;
    }

    [GeneratedRegex(@"\{\{?\s*[a-z]+\s*\}?\}|  ", RegexOptions.CultureInvariant)]
    private static partial Regex Placeholder();
}

/// <summary>No prompt with its reply is longer than the model's context.</summary>
internal sealed class LengthFilter(PromptProfile profile) : IExampleFilter
{
    private const int LongestReply = 400;

    private readonly TokenEstimate _estimate = new(profile);

    public string Name => "length";

    public string? Objection(Example example) =>
        example.Reply.Length > LongestReply ? "the reply is too long"
        : _estimate.Of(example.Prompt) + _estimate.Of(example.Reply) + TokenEstimate.PerMessage > profile.ContextTokens ? "it does not fit the context"
        : null;
}

/// <summary>What an answer rests on must be in the prompt; a model that learns otherwise learns to invent.</summary>
internal sealed class GroundedFilter : IExampleFilter
{
    public string Name => "not_grounded";

    public string? Objection(Example example) =>
        example.Uses.FirstOrDefault(value => !Encounter.IsIn(example.Prompt, value)) is { } missing ? $"'{missing}' is not in the prompt"
        : example.Uses.FirstOrDefault(value => !example.Reply.Contains(value, StringComparison.OrdinalIgnoreCase)) is { } unsaid ? $"'{unsaid}' is not in the reply"
        : null;
}
