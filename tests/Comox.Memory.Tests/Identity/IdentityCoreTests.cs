using Comox.Memory.Cards;
using Comox.Memory.Identity;

namespace Comox.Memory.Tests;

public sealed class IdentityCoreTests
{
    [Fact]
    public void A_card_may_state_its_psychology_boundaries_and_cadence()
    {
        var card = Read("""
            "personality": "Quiet.",
            "extensions": { "other": 1, "comox": {
              "psychology": "Trusts slowly.", "style": "Dry.",
              "boundaries": [ "Never swears.", { "text": "Keeps the gate.", "words": ["unbar"], "patterns": ["\\bopens? it\\b"] }, "Is kind." ],
              "cadence": { "sentence_words": 5, "questions": 0.25 } } }
            """);
        Assert.Empty(card.Warnings);
        var core = IdentityCore.Of(card, 4);
        Assert.Equal((4, "Trusts slowly.", "Dry."), (core.Version, core.Psychology, core.Style));
        Assert.Equal([("Never swears.", true), ("Keeps the gate.", true), ("Is kind.", false)], core.Boundaries.Select(boundary => (boundary.Text, boundary.IsChecked)));
        Assert.Equal((5, 0.25, null), (core.Cadence.SentenceWords, core.Cadence.Questions, core.Cadence.Actions));
    }

    [Fact]
    public void A_card_that_states_nothing_has_the_cadence_of_its_own_lines_and_no_boundaries()
    {
        var core = IdentityCore.Of(
            Read("""
                "personality": "Quiet.", "first_mes": "*She nods.* Go!",
                "mes_example": "<START>\n{{user}}: What is it? And why, and how, and when?\n{{char}}: One two three.\nFour five.\n{{user}}: Oh!\n<start>\nAda: Who? Me?"
                """),
            1);
        Assert.Equal("Quiet.", core.Psychology);
        Assert.Empty(core.Boundaries);
        Assert.Equal(["One two three.\nFour five.", "Who? Me?", "*She nods.* Go!"], core.Examples);
        Assert.Equal(3, core.Cadence.Lines);
        Assert.Equal(1.667, core.Cadence.SentenceWords);
        Assert.Equal(3, core.Cadence.ReplyWords);
        Assert.Equal(0.2, core.Cadence.Actions);
        Assert.Equal(0.167, core.Cadence.Exclamations);
        Assert.Equal(0.333, core.Cadence.Questions);
    }

    [Fact]
    public void Without_lines_of_its_own_a_character_has_no_cadence()
    {
        var core = IdentityCore.Of(Read(""" "description": "A miller." """), 1);
        Assert.Equal(new Cadence(), core.Cadence);
    }

    [Theory]
    [InlineData(""" "boundaries": "never" """, "data.extensions.comox.boundaries is a string, not an array")]
    [InlineData(""" "boundaries": [7] """, "data.extensions.comox.boundaries[0] is a number, not a string or an object")]
    [InlineData(""" "boundaries": [{"text": 7}] """, "data.extensions.comox.boundaries[0].text is a number")]
    [InlineData(""" "boundaries": [{"text": "x", "patterns": ["(a"]}] """, "it is not a regular expression")]
    [InlineData(""" "boundaries": [{"text": "x", "patterns": ["(a)\\1"]}] """, "look-around and back-references are not supported")]
    [InlineData(""" "boundaries": [{"text": "x", "patterns": ["(?=a)b"]}] """, "look-around and back-references are not supported")]
    [InlineData(""" "boundaries": [{"text": "x", "patterns": ["((a{90}){90}){90}"]}] """, "it repeats too much")]
    [InlineData(""" "cadence": { "actions": 3 } """, "extensions.comox.cadence.actions is 3; it is used from 0 to 1 only")]
    [InlineData(""" "cadence": { "sentence_words": "many" } """, "cadence.sentence_words is a string, not a number")]
    [InlineData(""" "psychology": [] """, "data.extensions.comox.psychology is an array, not a string")]
    public void What_cannot_be_used_is_left_out_with_a_warning(string field, string warning)
    {
        var card = Read(""" "extensions": { "comox": { """ + field + " } }");
        Assert.Contains(warning, Assert.Single(card.Warnings));
        Assert.Equal("Ada", IdentityCore.Of(card, 1).Name);
    }

    [Fact]
    public void A_pattern_that_would_take_a_backtracking_engine_years_takes_no_time()
    {
        var card = Read(""" "extensions": { "comox": { "boundaries": [{ "text": "x", "patterns": ["(a+)+b"] }] } } """);
        Assert.Equal(0, Assert.Single(IdentityCore.Of(card, 1).Boundaries).Breach(new(new string('a', 100_000))).Weight);
    }

    private static CharacterCard Read(string fields)
    {
        var card = CardReader.Read("""{"spec":"chara_card_v2","spec_version":"2.0","data":{"name":"Ada",""" + fields + "}}");
        Assert.True(card.IsSuccess, card.Error?.Message);
        return card.Value;
    }
}
