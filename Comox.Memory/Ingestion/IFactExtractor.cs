namespace Comox.Memory.Ingestion;

/// <summary>Finds what people say about themselves.</summary>
internal interface IFactExtractor
{
    /// <param name="content">One message of a person, as it is stored. Never a character's words and never a prompt: what was recalled must not be learned again.</param>
    IReadOnlyList<ExtractedFact> Extract(string content);
}

/// <param name="Relation">Key of the relation, for example <c>lives_in</c> or <c>named.sister</c>.</param>
/// <param name="Object">The value; empty in a retraction of every value.</param>
/// <param name="Retracts">Whether the person takes the statement back.</param>
/// <param name="QuoteStart">Where the quote starts in the content.</param>
/// <param name="Quote">The words it rests on: a substring of the content.</param>
/// <param name="Past">Whether it is told as something that is over ("I used to live in …").</param>
internal sealed record ExtractedFact(string Relation, string Object, bool Retracts, int QuoteStart, string Quote, bool Past = false);
