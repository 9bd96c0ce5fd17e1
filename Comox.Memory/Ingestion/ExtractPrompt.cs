using System.Text;
using System.Text.Json;
using Comox.Memory.Recall;
using Comox.Memory.Sessions;
using Comox.Memory.Storage;

namespace Comox.Memory.Ingestion;

/// <summary>What the model of the <c>extract</c> role is asked, and the form of its answer.</summary>
internal static class ExtractPrompt
{
    private const int FewestWords = 3;

    // A pasted book is not a person speaking of themselves, and would not fit into the model either.
    private const int MaxLength = 8_000;
    private const int MaxContext = 1_000;

    private const string Schema =
        """
        {"type":"json_schema","json_schema":{"name":"facts","strict":true,"schema":{"type":"object","additionalProperties":false,"required":["facts"],"properties":{"facts":{"type":"array","maxItems":24,"items":{
        "type":"object","additionalProperties":false,"required":["turn","about","relation","object","quote","retracts"],"properties":{
        "turn":{"type":"integer"},"about":{"type":"string"},"relation":{"type":"string"},"object":{"type":"string"},"quote":{"type":"string"},"retracts":{"type":"boolean"}}}}}}}}
        """;

    /// <summary>OpenAI's <c>response_format</c>; llama.cpp and vLLM make a grammar of it.</summary>
    public static JsonElement Format { get; } = JsonDocument.Parse(Schema).RootElement.Clone();

    /// <summary>A plain question, a greeting and a nod tell nothing: they cost no tokens.</summary>
    public static bool IsWorthReading(string content) => content.Length <= MaxLength && Terms.Words(content).Take(FewestWords).Count() == FewestWords && !Asked.IsPlainQuestion(content);

    public static string Instructions(string character) =>
        $$"""
        You read a conversation between USER and {{character}} and note the lasting facts that its numbered turns state. Turns without a number are context only.
        Answer with JSON: {"facts":[{"turn":1,"about":"USER","relation":"lives_in","object":"Porto","quote":"I moved to Porto","retracts":false}]}
        - about: USER, {{character}}, or the name of the person, place or thing that the fact is about.
        - relation: {{string.Join(", ", Known)}}; otherwise a short verb phrase in snake_case.
        - quote: the words of that turn that state it, copied exactly. A fact whose quote is not in the turn is thrown away.
        - retracts: true where the turn says that it no longer holds.
        - No questions, wishes of the moment, guesses, politeness, or anything that the turn does not itself state. An empty list is a good answer.
        """;

    private static IEnumerable<string> Known =>
    [
        Relations.Name, Relations.LivesIn, Relations.WorksAs, Relations.Likes, Relations.Dislikes, Relations.LikesToDrink, Relations.LikesToEat, Relations.AfraidOf, Relations.Hobby,
        Relations.Birthday, Relations.WantsToVisit, "named.sister (any relative)", "pet.cat (any animal)", "favourite.colour (any kind)",
    ];

    public static string Material(IReadOnlyList<TurnRow> line, IReadOnlyList<TurnRow> due, string character)
    {
        var text = new StringBuilder();
        foreach (var turn in line)
        {
            var number = due.ToList().FindIndex(row => row.Id == turn.Id) + 1;
            text.Append(number > 0 ? $"[{number}] " : "").Append(turn.Role == Utterance.User ? "USER" : character).Append(": ").AppendLine((number > 0 || turn.Content.Length <= MaxContext ? turn.Content : turn.Content[..MaxContext] + "…").ReplaceLineEndings(" "));
        }

        return text.ToString();
    }
}
