using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;
using Comox.Memory.Sessions;
using Comox.Memory.Storage;

namespace Comox.Memory.Ingestion;

/// <summary>
/// What a model claims to have read, as far as the turns bear it out. A fact is kept when its quote is in the turn it names, and its object in the quote or the
/// turn: a model that makes things up adds nothing.
/// </summary>
internal static partial class ExtractReader
{
    private const int MaxObject = 120;
    private const int MaxAbout = 60;

    /// <param name="answer">What the model said.</param>
    /// <param name="turns">The numbered turns.</param>
    /// <param name="line">All turns that it was shown.</param>
    /// <param name="called">What the person is called, as far as that is known.</param>
    /// <param name="character">The character's name.</param>
    /// <returns>The facts by turn, and how many were thrown away.</returns>
    public static (IReadOnlyDictionary<string, List<ReadFact>> Facts, int Dropped) Read(
        string answer, IReadOnlyList<TurnRow> turns, IReadOnlyList<TurnRow> line, IReadOnlyList<string> called, string character)
    {
        var facts = new Dictionary<string, List<ReadFact>>(StringComparer.Ordinal);
        var dropped = 0;
        foreach (var claim in Claims(answer))
        {
            var turn = claim.Turn is { } number && number >= 1 && number <= turns.Count ? turns[number - 1] : null;
            if (turn is null || Checked(claim, turn, line, called, character) is not { } fact)
            {
                dropped++;
                continue;
            }

            var ofTurn = facts.TryGetValue(turn.Id, out var known) ? known : facts[turn.Id] = [];
            if (ofTurn.Exists(other => other.Relation == fact.Relation && PlainName.Of(other.About ?? "") == PlainName.Of(fact.About ?? "") && PlainName.Of(other.Object) == PlainName.Of(fact.Object)))
                continue;
            ofTurn.Add(fact with { Id = TurnFacts.Id(turn.Id, 500 + ofTurn.Count) });
        }

        return (facts, dropped);
    }

    private static ReadFact? Checked(Claim claim, TurnRow turn, IReadOnlyList<TurnRow> line, IReadOnlyList<string> called, string character)
    {
        if (claim is not { Quote.Length: > 0, Relation: { } named, Object: { Length: > 0 and <= MaxObject } value } || claim.About?.Length > MaxAbout)
            return null;
        var relation = named.Trim().ToLowerInvariant();
        var start = turn.Content.IndexOf(claim.Quote, StringComparison.OrdinalIgnoreCase);
        if (start < 0 || !Relation().IsMatch(relation) || !IsIn(value, turn.Content))
            return null;
        var quote = turn.Content.Substring(start, claim.Quote.Length);
        var about = About(claim.About, turn, called, character);
        // Whom it is about must have been named, in the turn or in those before it that tell who "she" is.
        if (about is not null && PlainName.Of(about) != PlainName.Of(character) && !line.Any(shown => IsIn(about, shown.Content)))
            return null;
        // A character's guess about the person is not the person's word; and what the person is called is left to the rules, which do not take a sister's name for theirs.
        if ((about is null && (turn.Role == Utterance.Assistant || relation == Relations.Name)) || FactWords.IsSecret(relation.Replace('_', ' ').Replace('.', ' ')) || IsOfSecret(value, turn.Content))
            return null;
        return new ReadFact(
            "", relation, value.Trim(), claim.Retracts ?? false, start, quote, about, Epistemic: about is null || turn.Role == Utterance.Assistant ? Epistemic.Asserted : Epistemic.Heard);
    }

    // Null is the person. What a person says of "I" is about them, whatever the model calls it.
    private static string? About(string? about, TurnRow turn, IReadOnlyList<string> called, string character)
    {
        var name = OfUser().Replace(about?.Trim() ?? "", "");
        return PlainName.Of(name) switch
        {
            "" or "i" or "me" or "my" or "myself" or "self" or "speaker" or "narrator" => turn.Role == Utterance.User ? null : character,
            "user" or "person" => null,
            var plain => called.Any(own => PlainName.Of(own) == plain) ? null : name,
        };
    }

    // Every word of the value is in the turn, in whatever form of upper and lower case: "Porto" in "… to PORTO!".
    private static bool IsIn(string value, string content) => Word().Matches(value).All(word => content.Contains(word.Value, StringComparison.OrdinalIgnoreCase));

    // The value stands in a sentence about a secret: "my password is …". Rather a fact too few than a password told back.
    private static bool IsOfSecret(string value, string content) =>
        content.Split(['.', '!', '?', ';', '\n'], StringSplitOptions.RemoveEmptyEntries)
            .Any(sentence => Word().Matches(value).Any(word => sentence.Contains(word.Value, StringComparison.OrdinalIgnoreCase))
                && IsSecret(Word().Matches(sentence.ToLowerInvariant()).Select(word => word.Value).ToList()));

    // By each word, and by each two in a row: a credit card is secret, a card is not.
    private static bool IsSecret(List<string> words) =>
        words.Exists(word => FactWords.IsSecret(word) && word != "number") || words.Zip(words.Skip(1)).Any(pair => FactWords.IsSecret($"{pair.First} {pair.Second}"));

    private static IReadOnlyList<Claim> Claims(string answer)
    {
        // Models without a grammar put the JSON between fences, or talk around it.
        var (from, to) = (answer.IndexOf('{', StringComparison.Ordinal), answer.LastIndexOf('}'));
        if (from < 0 || to <= from)
            return [];
        try
        {
            return JsonSerializer.Deserialize(answer[from..(to + 1)], ClaimJson.Default.ClaimList)?.Facts?.OfType<Claim>().ToList() ?? [];
        }
        catch (JsonException)
        {
            // Cut off, or no JSON: nothing was read. The rules' facts are there all the same.
            return [];
        }
    }

    // "USER's brother" is the brother.
    [GeneratedRegex("^(?:the )?user['’]s\\s+", RegexOptions.IgnoreCase)]
    private static partial Regex OfUser();

    [GeneratedRegex("^[a-z][a-z_]{1,40}(?:\\.[a-z][a-z_]{0,40})?$")]
    private static partial Regex Relation();

    [GeneratedRegex("[\\p{L}\\p{N}]+")]
    private static partial Regex Word();
}

internal sealed record ClaimList(IReadOnlyList<Claim?>? Facts);

internal sealed record Claim(int? Turn, string? About, string? Relation, string? Object, string? Quote, bool? Retracts);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(ClaimList))]
internal sealed partial class ClaimJson : JsonSerializerContext;
