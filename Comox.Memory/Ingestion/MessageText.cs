using System.Text;

namespace Comox.Memory.Ingestion;

/// <summary>
/// A message as the rules read it: apostrophes straightened, a run of blanks as one blank, so that no pattern can spend its time on blanks.
/// It knows where each of its characters stood, so that a quote is still the person's own words.
/// </summary>
internal sealed class MessageText
{
    private readonly string content;
    private readonly int[] origins;

    public MessageText(string content)
    {
        this.content = content;
        var text = new StringBuilder(content.Length);
        var places = new List<int>(content.Length);
        for (var at = 0; at < content.Length; at++)
        {
            var letter = content[at] switch
            {
                '’' or '‘' => '\'',
                '\n' => '\n',
                var blank when char.IsWhiteSpace(blank) => ' ',
                var other => other,
            };
            if (letter == ' ' && text.Length > 0 && text[^1] == ' ')
                continue;
            text.Append(letter);
            places.Add(at);
        }

        Text = text.ToString();
        origins = [.. places];
        IsLowerCase = !content.Any(char.IsUpper);
    }

    public string Text { get; }

    /// <summary>Whether the person types without capitals: then a missing capital says nothing about a word.</summary>
    public bool IsLowerCase { get; }

    /// <summary>What stands at these places of <see cref="Text"/>, as it was written.</summary>
    public (int Start, string Quote) Quote(int start, int length)
    {
        var from = origins[start];
        return (from, content[from..(origins[start + length - 1] + 1)].TrimEnd());
    }
}
