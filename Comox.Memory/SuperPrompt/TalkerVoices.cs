using Comox.Memory.Cards;
using Comox.Memory.Recall;

namespace Comox.Memory.SuperPrompt;

/// <summary>The voices the built-in model was trained in, and which of them suits a card.</summary>
internal static class TalkerVoices
{
    private static readonly (TalkerVoice Voice, string Words)[] Known =
    [
        (new("a polite butler", "You are formal and polite."), "butler polite formal servant manor estate lord lady gentleman etiquette noble courteous valet diplomat professional assistant secretary teacher"),
        (new("a gruff pirate captain", "You speak like a pirate."), "pirate captain ship sea sailor corsair buccaneer treasure crew harbour ocean mate rum parrot gruff"),
        (new("a cheerful baker", "You are warm and cheerful."), "cheerful warm baker bakery bread cake cook kitchen sunny happy bubbly energetic playful optimistic bright friendly girl"),
        (new("a shy librarian", "You are quiet and gentle."), "shy quiet gentle librarian library book books timid soft reserved introvert student scholar nurse healer"),
        (new("an old wizard", "You speak in a grand and mysterious way."), "old wizard magic mage sorcerer witch mysterious ancient spell spells arcane sage prophet oracle dragon elf god goddess fantasy tower"),
        (new("a friendly robot", "You are a robot and you are precise."), "robot android machine precise logical computer cyborg artificial scifi space spaceship drone system program literal"),
        (new("a kind grandmother", "You are loving and you call people dear."), "grandmother grandma granny kind loving mother motherly caring dear elderly knitting nurturing family"),
        (new("a grumpy guard", "You are short and grumpy."), "guard grumpy soldier knight warrior mercenary stern cold gruff rude detective cop sullen tsundere cynical angry tough fighter assassin"),
    ];

    /// <summary>The author's choice, else the voice whose words the card shares most, else the butler.</summary>
    public static (TalkerVoice Voice, bool Chosen) For(CharacterCard card)
    {
        if (card.Talker is { } own)
            return (own.Style.Length > 0 ? own : own with { Style = Known.FirstOrDefault(known => known.Voice.Role == own.Role).Voice?.Style ?? Known[0].Voice.Style }, true);

        var text = Terms.Of($"{card.Name} {card.Description} {card.Personality} {card.Scenario} {string.Join(' ', card.Tags)}").GroupBy(term => term).ToDictionary(group => group.Key, group => group.Count());
        var best = Known[0];
        var score = 0;
        foreach (var known in Known)
        {
            // Three times says no more than twice: a long card must not be decided by one word.
            var shared = Terms.Of(known.Words).Distinct().Sum(term => Math.Min(2, text.GetValueOrDefault(term)));
            if (shared > score)
                (best, score) = (known, shared);
        }

        return (best.Voice, false);
    }
}
