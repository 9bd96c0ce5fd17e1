using Comox.Memory.Datasets.Words;

namespace Comox.Memory.Datasets.Talk;

/// <summary>Puts what people say around a question.</summary>
internal sealed class Asking(KeyedLines forms)
{
    private static readonly HashSet<string> Opening = new(StringComparer.Ordinal)
    {
        "What", "What's", "Where", "Where's", "Which", "Who", "Who's", "How", "How's", "When", "When's", "Do", "Does", "Did", "Can", "Could", "Is", "Am", "Are", "Remind", "Tell", "In", "Name", "At", "On", "The", "My", "Have", "Would", "Why", "From", "For",
    };

    public string Dress(string question, Dice dice)
    {
        if (dice.Chance(.22))
            question = Before(dice.Of(forms.Needed("before")), question);
        return dice.Chance(.1) ? $"{question}{(char.IsLetterOrDigit(question[^1]) ? "?" : "")} {dice.Of(forms.Needed("after"))}" : question;
    }

    private static string Before(string words, string question)
    {
        var first = question.Split(' ')[0];
        var lowered = words[^1] != '.' && Opening.Contains(first) ? char.ToLowerInvariant(question[0]) + question[1..] : question;
        return $"{words} {lowered}";
    }
}
