using System.Collections.Frozen;

namespace Comox.Memory.Recall;

/// <summary>Words that people use for one another when they ask what was told: near enough to look for, too far apart to be one term. General English.</summary>
internal static class Synonyms
{
    private const string Groups = """
        like love enjoy prefer favourite fond fan
        begin start launch open
        end finish complete
        buy purchase order
        help support assist aid
        passion hobby interest
        dream goal ambition aspire hope
        afraid scared fear nervous
        happy excited glad thrilled joy
        sad upset depressed unhappy
        angry mad frustrated annoyed
        stress pressure overwhelm anxious
        tired exhausted
        job work career profession
        company business firm
        trip travel vacation journey visit
        move relocate
        teach lesson class course workshop
        learn study
        competition contest tournament race match
        win victory prize award
        injury hurt injured
        sick ill illness
        exercise workout gym fitness
        friend buddy pal
        partner boyfriend girlfriend spouse husband wife
        breakup split divorce
        marry wedding engaged
        talk speak conversation chat discuss
        photograph painting portrait
        draw sketch
        create build craft design
        recipe cook bake dish
        house home apartment
        novel book story
        film watch cinema
        show series television
        concert gig festival performance
        advice tip suggest recommend
        plan intend
        decide choose
        discover find
        volunteer charity
        donate fundraiser
        age old year birthday
        car drive vehicle
        receive get
        inspire motivate
        relax unwind calm destress
        reason because
        nature outdoors
        art artwork paint
        money financial
        sponsor endorse
        health doctor
        diet healthy
        problem issue challenge difficulty struggle
        success achieve accomplish achievement
        encourage motivate
        special meaningful
        symbol represent remind
        worried anxious nervous
        church faith religion
        meal dinner lunch food
        shirt clothes clothing outfit
        phone call
        flower plant garden
        beach sea ocean
        sport team player
        song music sing
        game play
        run jog marathon race
        accident crash
        family relative
        country abroad
        school university college degree
        hobby activity pastime
        rest sleep
        colleague coworker
        boss manager
        gift give
        pet animal
        fix repair
        lose lost miss
        join attend participate
        event party celebration
        realise understand learn
        describe say
        sell sold
        opinion think
        collect collection
        own have
        name called
        """;

    private static readonly FrozenDictionary<ulong, ulong[]> Others = Read();

    /// <returns>Keys of the terms that may have been said for the term; null when there are none.</returns>
    public static IReadOnlyList<ulong>? Of(ulong term) => Others.GetValueOrDefault(term);

    private static FrozenDictionary<ulong, ulong[]> Read()
    {
        var others = new Dictionary<ulong, HashSet<ulong>>();
        foreach (var group in Groups.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            var keys = Terms.Of(group).Select(term => Terms.Key(term)).Distinct().ToList();
            foreach (var key in keys)
            {
                if (!others.TryGetValue(key, out var held))
                    others[key] = held = [];
                held.UnionWith(keys.Where(other => other != key));
            }
        }

        return others.ToFrozenDictionary(pair => pair.Key, pair => pair.Value.Order().ToArray());
    }
}
