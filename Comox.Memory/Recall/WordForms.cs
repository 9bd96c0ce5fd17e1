using System.Collections.Frozen;

namespace Comox.Memory.Recall;

/// <summary>
/// Words that suffix stripping does not bring together though they are the same word, or the same thing said in another part of the world:
/// irregular verbs and plurals, British and American spelling, short forms. What has a second common meaning (rose, left, saw as a noun) stays out
/// unless the verb is far more frequent in talk.
/// </summary>
internal static class WordForms
{
    // The form that all are written as, then the others.
    private const string Groups = """
        go went gone goes|see saw seen|take took taken|give gave given|get got gotten|come came|make made|say said says|tell told|think thought|know knew known|find found
        feel felt|become became|begin began begun|buy bought|bring brought|build built|catch caught|choose chose chosen|do done did|draw drew drawn|dream dreamt|drink drank drunk
        drive drove driven|eat ate eaten|fall fell fallen|feed fed|fight fought|fly flew flown|forget forgot forgotten|forgive forgave forgiven|freeze froze frozen|grow grew grown
        have had|hear heard|hide hid hidden|hold held|keep kept|lead led|learn learnt|lend lent|lose lost|mean meant|meet met|pay paid|ride rode ridden|ring rang rung|run ran
        sell sold|send sent|shake shook shaken|shine shone|shoot shot|show shown|sing sang sung|sink sank sunk|sit sat|sleep slept|speak spoke spoken|spend spent|stand stood
        steal stole stolen|stick stuck|strike struck|swear swore sworn|swim swam swum|swing swung|teach taught|tear tore torn|throw threw thrown|understand understood|wake woke woken
        wear wore worn|win won|write wrote written|break broke broken|bend bent|bite bit bitten|blow blew blown|burn burnt|deal dealt|dig dug|hang hung|kneel knelt|lay laid|light lit
        seek sought|sew sewn|shrink shrank|slide slid|spill spilt|spin spun|spread spreads|spring sprang|sweep swept|weep wept|adopt adoption adoptions|decide decision decisions
        child children kid kids|man men|woman women lady ladies|person people|foot feet|tooth teeth|mouse mice|goose geese|wife wives|knife knives|wolf wolves|shelf shelves
        life lifetime|mother mom mum mommy mummy moms mums|father dad daddy dads|grandmother grandma granny|grandfather grandpa granddad|brother bro|sister sis|husband hubby
        photograph photo photos pic pics picture pictures image images|film movie movies films|television tv telly|telephone phone phones cellphone mobile|bicycle bike bikes|automobile car cars
        refrigerator fridge|favourite favorite favorites favourites fave|colour color colors|neighbour neighbor neighbors|grey gray|theatre theater theaters|centre center centers|jewellery jewelry
        travel travelling traveling travelled traveled traveller traveler|holiday vacation vacations|apartment flat flats|university college uni|doctor doc|mathematics math maths
        birthday bday|wedding marriage|marry married marrying|pyjamas pajamas|organise organize organized organizing|realise realize realized|recognise recognize recognized|practise practice practicing practiced
        programme program programs|cheque check|doughnut donut donuts|aeroplane airplane plane planes|exam examination|laboratory lab|advertisement ad ads advert|application app apps
        information info|veterinarian vet|gymnasium gym|champion champ|congratulation congrats|shop store stores shops|job occupation profession|begin start starting started starts
        purchase purchased|gift present presents gifts|sick ill|glad happy|big large huge|small little tiny|quick fast rapid
        """;

    private static readonly FrozenDictionary<string, string> Forms = Read();

    private static readonly FrozenDictionary<string, string>.AlternateLookup<ReadOnlySpan<char>> Lookup = Forms.GetAlternateLookup<ReadOnlySpan<char>>();

    /// <summary>What the word is written as in an index; null when it is itself.</summary>
    public static string? Of(ReadOnlySpan<char> word) => Lookup.TryGetValue(word, out var form) ? form : null;

    private static FrozenDictionary<string, string> Read()
    {
        var forms = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var group in Groups.Split(['|', '\n'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            var words = group.Split(' ');
            foreach (var other in words.AsSpan(1))
                forms.TryAdd(other, words[0]);
        }

        return forms.ToFrozenDictionary(StringComparer.Ordinal);
    }
}
