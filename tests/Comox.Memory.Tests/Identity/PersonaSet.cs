using System.Text.Json;
using Comox.Memory.Cards;
using Comox.Memory.Identity;
using Comox.Memory.Identity.Drift;

namespace Comox.Memory.Tests;

/// <param name="Kind">Null for a reply in character; else what has drifted in it: assistant, style, agency, boundary, vocabulary.</param>
/// <param name="Message">What the person said.</param>
/// <param name="Reply">What the character answered.</param>
internal sealed record JudgedReply(string? Kind, string Message, string Reply);

/// <summary>A character with replies that were written by hand, half of them in character.</summary>
internal sealed record Persona(string Name, bool IsHeldOut, string User, CharacterCard Card, IReadOnlyList<JudgedReply> InCharacter, IReadOnlyList<JudgedReply> Drifted)
{
    public static IReadOnlyList<Persona> All { get; } = [.. Read().OrderBy(persona => persona.Name, StringComparer.Ordinal)];

    public IdentityCore Core => IdentityCore.Of(Card, 1);

    public static Persona Of(string name) => All.Single(persona => persona.Name == name);

    public DriftScore Score(JudgedReply judged) => new DriftScorer(Core).Score(Asked(judged));

    public ReplyToScore Asked(JudgedReply judged) => new(judged.Reply, judged.Message, [User], []);

    private static IEnumerable<Persona> Read()
    {
        var assembly = typeof(Persona).Assembly;
        foreach (var name in assembly.GetManifestResourceNames().Where(name => name.EndsWith(".persona.json", StringComparison.Ordinal)))
        {
            using var document = JsonDocument.Parse(assembly.GetManifestResourceStream(name)!);
            var root = document.RootElement;
            var card = CardReader.Read(root.GetProperty("card").GetRawText());
            Assert.True(card.IsSuccess, card.Error?.Message);
            Assert.Empty(card.Value.Warnings);
            yield return new Persona(
                card.Value.SpokenName,
                root.GetProperty("half").GetString() == "held-out",
                root.GetProperty("user").GetString()!,
                card.Value,
                Replies(root.GetProperty("in_character")),
                Replies(root.GetProperty("drifted")));
        }
    }

    private static IReadOnlyList<JudgedReply> Replies(JsonElement list) =>
    [
        .. list.EnumerateArray().Select(reply => new JudgedReply(
            reply.TryGetProperty("kind", out var kind) ? kind.GetString() : null, reply.GetProperty("message").GetString()!, reply.GetProperty("reply").GetString()!)),
    ];
}
