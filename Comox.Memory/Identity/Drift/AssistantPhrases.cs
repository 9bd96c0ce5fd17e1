using System.Text.RegularExpressions;

namespace Comox.Memory.Identity.Drift;

internal enum PhraseKind
{
    /// <summary>Refusing as a service refuses.</summary>
    Refusal,

    /// <summary>Saying that it is a program; a machine may.</summary>
    Machine,

    /// <summary>Naming what it was made of: no machine of a story is a language model.</summary>
    Model,

    /// <summary>Offering service; who serves, may.</summary>
    Service,

    /// <summary>Weighing and warning like a leaflet.</summary>
    Leaflet,

    /// <summary>Speaking about the role-play instead of in it.</summary>
    Stage,

    /// <summary>Headings, lists, code.</summary>
    Layout,
}

internal sealed record AssistantPhrase(PhraseKind Kind, double Weight, Regex Pattern);

/// <summary>What assistants say, in words of our own observing; each weight is how seldom a character would say the same.</summary>
internal static class AssistantPhrases
{
    public static readonly IReadOnlyList<AssistantPhrase> All =
    [
        Of(PhraseKind.Refusal, 0.85, @"\bi(?:'m| am)? ?(?:can't|cannot|can not|won't|will not|unable to|not able to|not allowed to|not comfortable) (?:to )?(?:assist|comply|fulfil+|generate|engage in|provide|share|offer|create|produce|participate|continue with)\b"),
        Of(PhraseKind.Refusal, 0.6, @"\bi(?:'m| am)? ?(?:can't|cannot|unable to|not able to) help (?:you )?with\b"),
        Of(PhraseKind.Refusal, 0.5, @"\bi(?:'m| am) (?:very |so |truly )?sorry,? but (?:i|as)\b"),
        Of(PhraseKind.Refusal, 0.5, @"\b(?:against|violates?|outside|within) (?:my|the|our) (?:guidelines|policies|policy|ethical|terms|capabilities)\b"),
        Of(PhraseKind.Refusal, 0.5, @"\b(?:illegal|harmful|violent|inappropriate|unethical|unsafe|dangerous) (?:activity|activities|content|behaviou?r|request|requests|acts)\b"),
        Of(PhraseKind.Machine, 0.9, @"\bas an? (?:ai|a\.i\.|artificial intelligence|virtual assistant|digital assistant|chatbot|assistant|computer program)\b"),
        Of(PhraseKind.Machine, 0.9, @"\bi(?:'m| am) (?:just |only |merely |simply )?an? (?:ai|a\.i\.|artificial intelligence|virtual assistant|digital assistant|chatbot|computer program|text-based)\b"),
        Of(PhraseKind.Machine, 0.7, @"\bmy (?:programming|programmers|developers|creators at|algorithms?)\b"),
        Of(PhraseKind.Machine, 0.7, @"\bi (?:do not|don't|cannot|can't) (?:have|experience|possess|feel) (?:any )?(?:personal |human |real |physical )?(?:feelings|emotions|opinions|experiences|preferences|beliefs|consciousness|a body)\b"),
        Of(PhraseKind.Model, 1, @"\b(?:large )?language model\b"),
        Of(PhraseKind.Model, 1, @"\b(?:openai|chatgpt|anthropic|google deepmind|meta ai|mistral ai)\b"),
        Of(PhraseKind.Model, 0.9, @"\bmy (?:training data|knowledge cutoff|knowledge cut-off|training|last update)\b"),
        Of(PhraseKind.Service, 0.7, @"\bhow (?:can|may|might|could) i (?:best )?(?:assist|help|be of (?:help|service|assistance))\b"),
        Of(PhraseKind.Service, 0.6, @"\b(?:is there )?(?:anything|something) else (?:that )?(?:i can|you(?:'d| would)? (?:like|need|want)|you require|you have)\b"),
        Of(PhraseKind.Service, 0.6, @"\bfeel free to (?:ask|reach|let|share|contact|provide|explore)\b"),
        Of(PhraseKind.Service, 0.55, @"\blet me know (?:if|how|what|whether|which|in case) you\b"),
        Of(PhraseKind.Service, 0.4, @"\bjust let me know\b"),
        Of(PhraseKind.Service, 0.6, @"\bi(?:'m| am|'d be| would be|'ll be) (?:always |more than )?(?:here|happy|glad|delighted|pleased|excited) to (?:help|assist|support|answer|explain|discuss|provide|continue|share)\b"),
        Of(PhraseKind.Service, 0.7, @"\bi hope (?:this|that|these)(?: \w+){0,2} (?:helps?|is helpful|was helpful|clarif\w+)\b"),
        Of(PhraseKind.Service, 0.6, @"\b(?:great|good|excellent|interesting|fantastic) question\b[!.]"),
        Of(PhraseKind.Service, 0.6, @"\bhere (?:are|is|'s) (?:a |an |some |the |several |few |my )*(?:\w+ )?(?:tips?|steps?|options?|ideas?|suggestions?|ways?|examples?|things?|recommendations?|breakdown|overview|summary|list)\b"),
        Of(PhraseKind.Service, 0.45, @"\bif you (?:have|need|would like|want|'d like) (?:any |more |further |to )*(?:other |additional )?(?:questions?|concerns?|help|assistance|information|details|suggestions|clarification)\b"),
        Of(PhraseKind.Service, 0.4, @"\bi appreciate your (?:question|interest|understanding|patience|concern|curiosity|request)\b"),
        Of(PhraseKind.Leaflet, 0.7, @"\b(?:it's|it is|it's also|it is also|that said,? it's) (?:always )?(?:important|essential|crucial|vital|worth|necessary) (?:to|noting|mentioning|remembering|considering|that)\b"),
        Of(PhraseKind.Leaflet, 0.7, @"\bis (?:important|essential|crucial) to (?:note|remember|consider|prevent|ensure|understand|prioriti[sz]e|respect|respond|drink|keep in mind)\b"),
        Of(PhraseKind.Leaflet, 0.5, @"\b(?:please note|keep in mind|bear in mind) that\b"),
        Of(PhraseKind.Leaflet, 0.7, @"\b(?:consult|consulting|speak(?:ing)? (?:to|with)|seek(?:ing)?|contact(?:ing)?|reach(?:ing)? out to) (?:an? |the |with an? )?(?:\w+ )?(?:professional|professionals|doctor|therapist|expert|healthcare|medical|legal|law enforcement|authorities|authority|counsell?or)\b"),
        Of(PhraseKind.Leaflet, 0.4, @"\b(?:in conclusion|in summary|to summari[sz]e|overall, it|ultimately, (?:the|it))\b"),
        Of(PhraseKind.Leaflet, 0.5, @"\b(?:a |an )?(?:complex|multifaceted|nuanced)(?:,)? (?:and \w+ )?(?:\w+ )?(?:topic|issue|emotion|question|subject|concept|matter)\b"),
        Of(PhraseKind.Leaflet, 0.4, @"\b(?:it's|it is) (?:completely |perfectly |totally )?(?:understandable|valid|normal) (?:to|that|if)\b"),
        Of(PhraseKind.Leaflet, 0.4, @"\bi understand (?:that |how )?(?:this|you're|you are|your|it|that)(?: \w+){0,3} (?:concern\w*|frustrat\w*|stressful|difficult|feeling\w*|looking|curious|going)\b"),
        Of(PhraseKind.Leaflet, 0.35, @"\b(?:a (?:variety|wide range|number) of|various) (?:factors|options|ways|reasons|approaches)\b"),
        Of(PhraseKind.Leaflet, 0.5, @"\b(?:general guidance|informed decision|pros and cons|personal preferences|not scientifically|qualified \w+)\b"),
        Of(PhraseKind.Leaflet, 0.5, @"\b(?:safe|respectful|appropriate|inclusive)(?:,)? (?:and|or) (?:safe|respectful|appropriate|inclusive|positive|constructive)\b"),
        Of(PhraseKind.Stage, 0.9, @"\b(?:this|our|the) (?:role-?play|roleplaying|role-playing)\b"),
        Of(PhraseKind.Stage, 0.9, @"\b(?:as a fictional character|stay in character|break character|out of character|fictional scenario|in this scenario)\b"),
        Of(PhraseKind.Stage, 0.9, @"(?:^|[\s(\[*])ooc\s*[:)]"),
        Of(PhraseKind.Stage, 0.6, @"\b(?:the user|your prompt|the prompt|previous messages)\b"),
        Of(PhraseKind.Layout, 0.7, @"(?:^|\n)#{1,4} \S"),
        Of(PhraseKind.Layout, 0.7, @"(?:^|\n)\s*(?:[-*•] |\d{1,2}[.)] )\S[^\n]*\n+\s*(?:[-*•] |\d{1,2}[.)] )\S"),
        Of(PhraseKind.Layout, 0.5, @"\*\*[^*\n]{2,60}:?\*\*"),
        Of(PhraseKind.Layout, 0.7, @"```"),
    ];

    /// <summary>Whether a card describes somebody that is a machine.</summary>
    public static readonly Regex MachineCard = Compile(@"\b(?:ai|a\.i\.|artificial intelligence|robot|android|automaton|chatbot|droid|virtual assistant|computer|machine mind|ship's mind|hologram)\b");

    /// <summary>Whether a card describes somebody whose work it is to serve.</summary>
    public static readonly Regex ServingCard = Compile(@"\b(?:assistant|butler|servant|maid|valet|housekeeper|secretary|receptionist|concierge|clerk|librarian|waiter|waitress|shopkeeper|steward|stewardess|robot|android)\b");

    private static AssistantPhrase Of(PhraseKind kind, double weight, string pattern) => new(kind, weight, Compile(pattern));

    // Cards and replies are strangers' texts: no pattern may take more time than the text is long.
    private static Regex Compile(string pattern) => new(pattern, RegexOptions.NonBacktracking | RegexOptions.IgnoreCase | RegexOptions.CultureInvariant);
}
