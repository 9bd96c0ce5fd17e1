using System.Text.Json;
using Comox.ServiceDefaults;
using Comox.ServiceDefaults.Clients;
using Comox.ServiceDefaults.Contracts.OpenAI;

namespace Comox.Memory.Cards;

/// <summary>
/// Reads the JSON of a Character Card. V1 has no <c>spec</c> and its fields at the root; V2 and V3 have <c>spec</c> and <c>data</c>
/// (https://github.com/malfoyslastname/character-card-spec-v2, https://github.com/kwaroran/character-card-spec-v3).
/// </summary>
internal static class CardReader
{
    private const string V2 = "chara_card_v2";
    private const string V3 = "chara_card_v3";
    private const int MacrosNamed = 8;
    private const int MostWarnings = 50;

    private static readonly JsonDocumentOptions Tolerant = new() { AllowTrailingCommas = true, CommentHandling = JsonCommentHandling.Skip, MaxDepth = 64 };

    public static ApiError Invalid(string what) =>
        new(StatusCodes.Status400BadRequest, ErrorCodes.InvalidCard, $"This is not a usable character card: {what}");

    public static ApiResult<CharacterCard> Read(string json)
    {
        try
        {
            // Some exporters leave a byte order mark before the JSON inside a PNG.
            using var document = JsonDocument.Parse(json.TrimStart('\uFEFF'), Tolerant);
            return Read(document.RootElement);
        }
        catch (JsonException problem)
        {
            return Invalid($"its JSON does not parse at line {problem.LineNumber + 1}, byte {problem.BytePositionInLine}.");
        }
        catch (WrongField problem)
        {
            return Invalid(problem.Message);
        }
        catch (InvalidOperationException)
        {
            // Values are read through CardFields.TextOf; this is a key with half a surrogate pair ("\ud83d"), met while looking for another.
            return Invalid("the name of one of its fields contains half a character (an unpaired surrogate).");
        }
    }

    private static CharacterCard Read(JsonElement root)
    {
        if (root.ValueKind != JsonValueKind.Object)
            throw new WrongField($"its JSON is {Kind(root)}, not an object.");

        var warnings = new List<string>();
        var isV1 = !root.TryGetProperty("spec", out var spec) || spec.ValueKind == JsonValueKind.Null;
        if (!isV1)
            CheckSpec(root, spec, warnings);
        var where = isV1 ? "" : "data.";
        var data = root;
        if (!isV1 && (!root.TryGetProperty("data", out data) || data.ValueKind != JsonValueKind.Object))
        {
            if (data.ValueKind is not (JsonValueKind.Undefined or JsonValueKind.Null) || !root.TryGetProperty("name", out _))
                throw new WrongField(data.ValueKind == JsonValueKind.Undefined ? "the field data is missing." : $"data is {Kind(data)}, not an object.");
            warnings.Add("The card names its spec but has no data; its fields are read from the root, as in V1.");
            (where, data) = ("", root);
        }

        var fields = new CardFields(data, where, warnings);
        var name = fields.Text("name").Trim();
        if (name.Length == 0)
            throw new WrongField($"{where}name is {(data.TryGetProperty("name", out _) ? "empty" : "missing")}.");
        if (name.Length > CardMacros.LongestName)
            throw new WrongField($"{where}name has {name.Length} characters; {CardMacros.LongestName} are the most.");
        var nickname = fields.Note("nickname").Trim();
        if (nickname.Length > CardMacros.LongestName)
        {
            Warn(warnings, () => $"{where}nickname has {nickname.Length} characters; {CardMacros.LongestName} are the most, and it is not used.");
            nickname = "";
        }

        var extensions = fields.Object("extensions");
        var comox = extensions.Object("comox");
        var card = new CharacterCard
        {
            Name = name,
            Nickname = nickname,
            Description = fields.Text("description"),
            Personality = fields.Text("personality"),
            Scenario = fields.Text("scenario"),
            FirstMessage = fields.Text("first_mes"),
            MessageExamples = fields.Text("mes_example"),
            SystemPrompt = fields.Text("system_prompt"),
            PostHistoryInstructions = fields.Text("post_history_instructions"),
            AuthorNote = extensions.Object("depth_prompt").Note("prompt"),
            Creator = fields.Note("creator"),
            CreatorNotes = fields.Note("creator_notes"),
            AlternateGreetings = fields.Texts("alternate_greetings"),
            Tags = fields.Texts("tags", splitAt: ','),
            PinnedLore = CardLore.Pinned(fields.Object("character_book"), warnings),
            Identity = CardIdentity.Read(comox, warnings),
            Tagline = comox.Note("tagline") is { Length: > 0 } tagline ? tagline : null,
            Warnings = warnings,
        };
        string[] texts = [card.Description, card.Personality, card.Scenario, card.MessageExamples, card.SystemPrompt, card.PostHistoryInstructions, card.AuthorNote, .. card.Greetings, .. card.PinnedLore];
        if (texts.SelectMany(CardMacros.Unknown).Distinct(StringComparer.OrdinalIgnoreCase).Take(MacrosNamed).ToList() is { Count: > 0 } unknown)
            Warn(warnings, () => $"Macros that are not known stay in the text as they stand: {string.Join(", ", unknown.Select(macro => $"{{{{{macro}}}}}"))}.");
        if (!Array.TrueForAll(texts, text => CardMacros.IsExpanded(text)))
            Warn(warnings, () => "{{char}} and {{user}} stand so often in one of its texts that they stay there as they are.");
        return card;
    }

    /// <summary>A card of a stranger may have a million things wrong; the first are told.</summary>
    public static void Warn(List<string> warnings, Func<string> what)
    {
        if (warnings.Count < MostWarnings)
            warnings.Add(what());
        else if (warnings.Count == MostWarnings)
            warnings.Add("There is more like this.");
    }

    private static void CheckSpec(JsonElement root, JsonElement spec, List<string> warnings)
    {
        var name = spec.ValueKind == JsonValueKind.String ? CardFields.TextOf(spec, "spec") : throw new WrongField($"spec is {Kind(spec)}, not a string.");
        if (name is not (V2 or V3))
            throw new WrongField($"its spec is \"{Shorten(name)}\"; known are {V2}, {V3}, and cards without spec (V1).");
        if (name == V3
            && root.TryGetProperty("spec_version", out var version)
            && version.ValueKind == JsonValueKind.String
            && double.TryParse(CardFields.TextOf(version, "spec_version"), System.Globalization.CultureInfo.InvariantCulture, out var number)
            && number > 3)
            warnings.Add($"The card is written for version {Written(number)} of the V3 format; what is newer than 3.0 is kept but not used.");
    }

    internal static string Kind(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "an array",
        JsonValueKind.String => "a string",
        JsonValueKind.Number => "a number",
        JsonValueKind.True or JsonValueKind.False => "a boolean",
        _ => "null",
    };

    internal static string Written(double number) => number.ToString(System.Globalization.CultureInfo.InvariantCulture);

    private static string Shorten(string text) => text.Length <= 40 ? text : text[..40] + "…";
}

/// <summary>Caught by <see cref="CardReader"/> alone: it lets a field deep in a card end the reading with its name.</summary>
internal sealed class WrongField(string message) : Exception(message);
