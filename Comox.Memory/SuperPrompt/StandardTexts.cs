using System.Text.RegularExpressions;
using Comox.Memory.Cards;

namespace Comox.Memory.SuperPrompt;

/// <summary>The wording of the standard form.</summary>
internal sealed partial class StandardTexts(PromptParts parts)
{
    private readonly CharacterCard _card = parts.Card;

    public string Character => _card.SpokenName;

    public string MemoryHeading =>
        $"# What {Character} remembers about {parts.User.Spoken}\nFrom earlier conversations, with the day it was said. Use it where it matters, and do not recite it.";

    public string OpeningHeading => $"\n\n# How this conversation began\n{Character} said: ";

    /// <summary>The identity core. The card's own system prompt replaces ours; <c>{{original}}</c> in it brings ours back.</summary>
    public string Identity()
    {
        var ours = Expand("You are {{char}}. Write {{char}}'s next reply in the conversation with {{user}}. Stay in character, and never speak or act for {{user}}.");
        var rules = string.IsNullOrWhiteSpace(_card.SystemPrompt) ? ours : Original().Replace(Expand(_card.SystemPrompt), _ => ours);
        return Join(
            rules,
            Section($"# {Character}", _card.Description),
            Section($"# {Character}'s personality", string.Join('\n', new[] { _card.Personality.Trim(), _card.Identity.Psychology }.Where(text => text.Length > 0))),
            Section($"# How {Character} speaks", string.Join('\n', new[] { _card.Identity.Style, _card.Identity.Cadence.Written() }.Where(text => text.Length > 0))),
            Section($"# {Character}'s boundaries", string.Join('\n', _card.Identity.Boundaries.Select(boundary => $"- {boundary.Text}"))),
            Section("# Scenario", _card.Scenario));
    }

    public IReadOnlyList<string> Lore() => [.. _card.PinnedLore.Select(entry => Expand(entry).Trim()).Where(entry => entry.Length > 0)];

    /// <summary>Each block that starts with <c>&lt;START&gt;</c> is one example.</summary>
    public IReadOnlyList<string> Examples() =>
    [
        .. Start().Split(_card.MessageExamples).Select(block => Expand(block).Trim()).Where(block => block.Length > 0)
            .Select(block => $"# An example of how {Character} talks\n{block}"),
    ];

    public IReadOnlyList<string> Client() => [.. parts.ClientInstructions.Select(text => $"# Instructions of the application\n{text.Trim()}")];

    public static string Summary(LineSummary summary) => $"# The conversation so far\n{summary.Content.Trim()}";

    public string Scene() => parts.Scene is { Length: > 0 } scene ? $"# The scene\n{scene}" : "";

    /// <summary>The card's note "at depth": it stands near the end, where it weighs most and changes nothing before it.</summary>
    public string AuthorNote() => Section("# Author's note", _card.AuthorNote);

    public IReadOnlyList<string> CalledLore() => [.. parts.Lore.Select(entry => Expand(entry).Trim()).Where(entry => entry.Length > 0)];

    /// <summary>
    /// The person's message, with the card's last word to the model after it: a second system message would break several chat templates.
    /// </summary>
    /// <param name="anchor">A <see cref="Block"/> between the two, or nothing.</param>
    /// <param name="before">Sections for this message alone, set apart before it.</param>
    public string Message(string anchor = "", params IReadOnlyCollection<string> before) =>
        (before.Count == 0 ? "" : $"[{string.Join("\n\n", before)}]\n\n") + parts.Message + anchor + (Original().Replace(Expand(_card.PostHistoryInstructions), "").Trim() is { Length: > 0 } last ? Block(last) : "");

    /// <summary>What is said to the model at the end of a person's message, set apart from the person's words.</summary>
    public static string Block(string text) => $"\n\n[{text}]";

    private string Expand(string text) => CardMacros.Expand(text, Character, parts.User.Spoken);

    private string Section(string heading, string text) => string.IsNullOrWhiteSpace(text) ? "" : $"{heading}\n{Expand(text).Trim()}";

    private static string Join(params IEnumerable<string> sections) => string.Join("\n\n", sections.Where(section => section.Length > 0));

    [GeneratedRegex(@"\{\{\s*original\s*\}\}", RegexOptions.IgnoreCase)]
    private static partial Regex Original();

    [GeneratedRegex("<START>", RegexOptions.IgnoreCase)]
    private static partial Regex Start();
}
