using System.Text.Json;
using Comox.Memory.Datasets;
using Comox.Memory.Datasets.Words;
using Comox.TestKit;

namespace Comox.Memory.Tests.Datasets;

/// <summary>The data set of somebody's card, for an adapter.</summary>
public sealed class OneCharacterTests
{
    [Fact]
    public void A_card_is_used_as_its_author_wrote_it()
    {
        using var home = new TempHome();
        const string Description = "A sailor.  She is old.\n  - hates rain\nIt is {{time}} for {{char}}.";
        var card = Card(home, new { name = "Mara", description = Description, first_mes = "Ahoy.  Come aboard, {{random}}!", post_history_instructions = "Keep it {short}.  Always." });
        var (code, told) = Make(home, WordLists.BuiltIn, "--card", card, "--voice", "pirate");
        Assert.True(code == 0, told);
        Assert.DoesNotContain("format", told, StringComparison.Ordinal);
        var lines = File.ReadAllLines(Path.Combine(home.Path, "set", "train.jsonl"));
        Assert.NotEmpty(lines);
        Assert.All(lines, line => Assert.Contains("A sailor.  She is old.\n  - hates rain\nIt is {{time}} for Mara.", System(line), StringComparison.Ordinal));
    }

    [Fact]
    public void A_voice_says_how_somebody_talks_and_not_who_they_are()
    {
        using var home = new TempHome();
        var card = Card(home, new { name = "Mara", description = "A sailor." });
        var (code, told) = Make(home, WordLists.BuiltIn, "--card", card, "--voice", "butler", "--encounters", "60", "--stage", "long");
        Assert.True(code == 0, told);
        var said = File.ReadLines(Path.Combine(home.Path, "set", "train.jsonl"))
            .SelectMany(line => JsonDocument.Parse(line).RootElement.GetProperty("messages").EnumerateArray().Where(message => message.GetProperty("role").GetString() == "assistant"))
            .Select(message => message.GetProperty("content").GetString()!).ToList();
        Assert.Contains(said, reply => reply.Contains("Mara", StringComparison.Ordinal));
        Assert.All(WordLists.BuiltIn.Keyed("voices/butler")["role"], role => Assert.DoesNotContain(said, reply => reply.Contains(role, StringComparison.OrdinalIgnoreCase)));
    }

    [Fact]
    public void A_card_that_no_prompt_has_room_for_is_told_of()
    {
        using var home = new TempHome();
        var card = Card(home, new { name = "Mara", description = string.Join(' ', Enumerable.Range(0, 900).Select(at => $"word{at}")) });
        var (code, told) = Make(home, WordLists.BuiltIn, "--card", card, "--voice", "pirate");
        Assert.Equal(1, code);
        Assert.Contains("No example was kept: length ", told, StringComparison.Ordinal);
    }

    [Fact]
    public void Any_voice_of_the_folder_can_be_taken()
    {
        using var home = new TempHome();
        var card = Card(home, new { name = "Mara", description = "A sailor." });
        foreach (var voice in WordLists.BuiltIn.Folder("voices"))
        {
            var (code, told) = Make(home, WordLists.BuiltIn, "--card", card, "--voice", voice.Name);
            Assert.True(code == 0, told);
        }
    }

    [Theory]
    [InlineData("role: a miller", "The list voices/mine has no '")]
    [InlineData("role a miller", "'role a miller' of the list voices/mine is not 'key: text'.")]
    public void A_voice_that_lacks_something_is_told_of_before_anything_is_made(string line, string problem)
    {
        using var home = new TempHome();
        var card = Card(home, new { name = "Mara", description = "A sailor." });
        var (code, told) = Make(home, WordLists.BuiltIn.With("voices/mine", line), "--card", card, "--voice", "mine");
        Assert.Equal(1, code);
        Assert.Contains(problem, told, StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(home.Path, "set", "train.jsonl")));
    }

    private static (int? Code, string Told) Make(TempHome home, WordLists lists, params string[] args)
    {
        using var told = new StringWriter();
        var code = DatasetVerb.Run(["dataset", "--out", Path.Combine(home.Path, "set"), "--encounters", "12", "--stage", "middle", .. args], told, lists);
        return (code, told.ToString());
    }

    private static string Card(TempHome home, object data)
    {
        var path = Path.Combine(home.Path, "card.json");
        File.WriteAllText(path, JsonSerializer.Serialize(new { spec = "chara_card_v3", spec_version = "3.0", data }));
        return path;
    }

    private static string System(string line)
    {
        using var json = JsonDocument.Parse(line);
        return json.RootElement.GetProperty("messages")[0].GetProperty("content").GetString()!;
    }
}
