namespace Comox.Memory.Ingestion;

/// <summary>Word lists of the rules.</summary>
internal static class FactWords
{
    public const string Months = "january|february|march|april|may|june|july|august|september|october|november|december";

    public const string Kin =
        "sister|brother|mother|mum|mom|father|dad|wife|husband|partner|girlfriend|boyfriend|fiancee|fiance|son|daughter|aunt|uncle|cousin|niece|nephew" +
        "|grandmother|grandma|grandfather|grandpa|best friend|friend|boss|neighbour|neighbor|roommate|flatmate|colleague|teacher|landlord|landlady";

    public const string Drinks =
        "tea|teas|coffee|espresso|cappuccino|latte|cocoa|chocolate milk|hot chocolate|water|milk|juice|lemonade|soda|cola|beer|ale|stout|cider|wine|mead|rum|gin|whisky|whiskey|vodka|brandy|kombucha|kefir|smoothies|mate|matcha|chai";

    public const string Trades =
        "accountant|actor|actress|architect|artist|baker|barber|barista|biologist|blacksmith|bookbinder|builder|butcher|carpenter|chef|chemist|cleaner|clerk|coach|composer|cook|courier" +
        "|dancer|dentist|designer|developer|doctor|driver|economist|editor|electrician|engineer|farmer|firefighter|fisherman|florist|gardener|geologist|glazier|goldsmith|hairdresser" +
        "|historian|journalist|judge|lawyer|librarian|locksmith|manager|mechanic|midwife|miller|miner|musician|nurse|optician|painter|paramedic|pharmacist|photographer|physicist|pilot" +
        "|plumber|poet|policeman|police officer|potter|professor|programmer|psychologist|researcher|roofer|sailor|sculptor|secretary|shepherd|singer|soldier|surgeon|surveyor|tailor" +
        "|teacher|therapist|translator|tutor|vet|violinist|waiter|waitress|watchmaker|weaver|welder|writer|zookeeper|student";

    public static readonly HashSet<string> Pets = new(StringComparer.OrdinalIgnoreCase)
    {
        "cat", "kitten", "dog", "puppy", "horse", "pony", "parrot", "budgie", "canary", "bird", "rabbit", "bunny", "hamster", "guinea pig", "mouse", "rat", "ferret", "fish", "goldfish",
        "turtle", "tortoise", "snake", "lizard", "gecko", "spider", "tarantula", "goat", "sheep", "pig", "hen", "chicken", "duck", "goose", "cow", "donkey", "hedgehog", "frog", "snail",
    };

    /// <summary>After "call me" or "my name is" these are not names.</summary>
    public static readonly HashSet<string> NotNames = new(StringComparer.OrdinalIgnoreCase)
    {
        "a", "an", "the", "not", "so", "too", "when", "if", "back", "later", "maybe", "crazy", "old", "whatever", "what", "that", "this", "it", "none", "no", "your", "my", "on", "in", "at",
        "by", "for", "unknown", "secret", "irrelevant", "important", "names", "stupid", "anytime", "tomorrow", "again", "something", "anything", "now", "up", "out", "written", "spelled",
        "tonight", "today", "soon", "sometime", "asap", "early", "late", "once", "after", "before", "first", "then", "there", "any", "right", "well", "ok", "okay", "lazy", "silly",
        "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday", "january", "february", "march", "july", "september", "october", "november", "december",
        "morning", "noon", "midnight", "weekend", "christmas", "bus", "train", "car", "foot", "bike", "boat", "plane",
    };

    /// <summary>No value starts with these: they refer to something, ask, deny, or begin another clause.</summary>
    public static readonly HashSet<string> NotFirst = new(StringComparer.OrdinalIgnoreCase)
    {
        "not", "it", "that", "this", "these", "those", "them", "him", "her", "you", "your", "yours", "what", "how", "when", "why", "who", "where", "if", "because", "too", "much", "so", "as",
        "there", "here", "nothing", "something", "anything", "everything", "none", "whatever", "one", "me", "myself", "and", "or", "but", "which", "whether", "a lot", "never", "neither",
        "course",
    };

    /// <summary>What is said to the listener is no statement about the speaker: "I like the way you talk".</summary>
    public static readonly HashSet<string> ToListener = new(StringComparer.OrdinalIgnoreCase) { "you", "your", "you're", "you've", "yours", "yourself" };

    /// <summary>Kinds of places that one lives in.</summary>
    public const string Places =
        "village|hamlet|town|city|capital|suburbs?|outskirts|cent(?:re|er)|district|region|neighbou?rhood|countryside|coast|seaside|island|valley|mountains?|hills|highlands|desert|jungle|swamp" +
        "|marsh|woods|forest|flat|apartment|studio|loft|attic|basement|room|house|bungalow|cottage|cabin|hut|mansion|manor|palace|castle|tower|lighthouse|mill|farm|barn|ranch|van|caravan" +
        "|trailer|tent|cave|boat|houseboat|dorm|dormitory|hostel|monastery|convent|commune|care home|harbou?r|north|south|east|west";

    /// <summary>States of mind and figures of speech that one may live in, and rooms one moves to.</summary>
    public static readonly HashSet<string> NotHomes = new(StringComparer.OrdinalIgnoreCase)
    {
        "fear", "peace", "hope", "sin", "denial", "hell", "heaven", "pain", "love", "harmony", "misery", "poverty", "luxury", "exile", "hiding", "darkness", "doubt", "dread", "terror", "chaos",
        "moment", "past", "present", "future", "dream", "dreams", "couch", "sofa", "bed", "chair", "next", "other", "plan", "side", "constant", "total", "shame", "sorrow", "regret", "comfort",
        "solitude", "silence", "gratitude", "work", "school", "here", "there", "bedroom", "kitchen", "bathroom", "tears",
    };

    /// <summary>What must not be told back, whatever a person lets slip.</summary>
    public static bool IsSecret(string noun)
    {
        noun = noun.Replace('-', ' ').Replace('_', ' ');
        var words = noun.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (words.Length == 0)
            return false;
        return words[^1] != "hint"
            && (words.Any(word => SecretWords.Contains(word.TrimEnd('s')))
                || (words[^1] == "number" && (words.Length == 1 || NumberedThings.Contains(words[^2])))
                || noun.Contains("credit card", StringComparison.Ordinal)
                || noun.Contains("debit card", StringComparison.Ordinal)
                || noun.Contains("social security", StringComparison.Ordinal)
                || noun.Contains("security code", StringComparison.Ordinal));
    }

    /// <summary>"My head is spinning" says nothing about a head that is worth a fact.</summary>
    public static readonly HashSet<string> NotAttributes = new(StringComparer.OrdinalIgnoreCase)
    {
        "in", "at", "on", "with", "from", "about", "very", "really", "just", "always", "still", "going", "getting", "my", "like", "to", "for", "of", "by", "near", "under", "over", "out", "up",
        "down", "off", "back", "all", "more", "less", "also", "only", "quite", "pretty", "rather", "almost", "already", "again", "finally", "sure", "than", "some", "no", "full", "free",
        "tired", "sick", "ill", "fine", "good", "bad", "great", "nice", "happy", "sad", "gone", "broken", "dead", "late", "early", "ready", "done", "over", "okay", "ok", "well", "better", "worse",
        "best", "worst", "big", "small", "old", "new", "long", "short", "hungry", "thirsty", "empty", "cold", "hot", "warm", "wet", "dry", "busy", "boring", "bored", "lost", "alone", "asleep",
        "awake", "angry", "mad", "upset", "afraid", "scared", "wrong", "right", "true", "false", "beautiful", "ugly", "pregnant", "married", "sore", "slow", "fast", "weird", "strange", "funny",
        "amazing", "terrible", "awful", "horrible", "wonderful", "lovely", "perfect", "simple", "hard", "easy", "different", "important", "mine", "yours", "ours",
    };

    public static readonly HashSet<string> NotNouns = new(StringComparer.OrdinalIgnoreCase)
    {
        "god", "goodness", "point", "question", "turn", "bad", "fault", "problem", "idea", "guess", "opinion", "answer", "head", "mind", "heart", "life", "pleasure", "day", "week", "morning",
        "evening", "night", "plan", "advice", "suggestion", "understanding", "feeling", "impression", "concern", "worry", "hope", "wish", "dream", "goal", "thought", "thoughts", "favourite",
        "favorite", "only", "own", "next", "last", "first", "intention", "request", "task", "message", "name", "job", "profession", "occupation", "trade", "work", "stomach", "back", "hands", "eyes", "knee",
    };

    private static readonly HashSet<string> SecretWords = ["password", "passcode", "passphrase", "pin", "pincode", "ssn", "cvv", "cvc", "iban"];

    private static readonly HashSet<string> NumberedThings =
        ["card", "account", "phone", "telephone", "mobile", "cell", "security", "insurance", "passport", "licence", "license", "tax", "bank", "routing", "pin"];
}
