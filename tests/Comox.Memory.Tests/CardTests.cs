using System.Buffers.Binary;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using Comox.Memory.Cards;
using Comox.ServiceDefaults.Contracts.OpenAI;

namespace Comox.Memory.Tests;

public sealed class CardTests
{
    private const string Ada = """{"spec":"chara_card_v2","spec_version":"2.0","data":{"name":"Ada","description":"{{char}} greets {{user}}.","first_mes":"Hi <USER>!","extensions":{"x":{"y":[1,2]}},"unknown":{"kept":true}}}""";

    [Theory]
    [InlineData("hello", "neither JSON nor a PNG")]
    [InlineData("", "the body is empty")]
    [InlineData("{\"name\":", "does not parse at line 1")]
    [InlineData("[1]", "an array, not an object")]
    [InlineData("{}", "name is missing")]
    [InlineData("""{"name":"  "}""", "name is empty")]
    [InlineData("""{"name":7}""", "name is a number, not a string")]
    [InlineData("""{"spec":"chara_card_v2","data":{}}""", "data.name is missing")]
    [InlineData("""{"spec":"chara_card_v2"}""", "the field data is missing")]
    [InlineData("""{"spec":"chara_card_v3","data":[]}""", "data is an array, not an object")]
    [InlineData("""{"spec":"chara_card_v9","data":{"name":"Ada"}}""", "its spec is \"chara_card_v9\"")]
    [InlineData("""{"spec":3,"data":{"name":"Ada"}}""", "spec is a number")]
    [InlineData("""{"spec":"chara_card_v2","data":{"name":"Ada","first_mes":{}}}""", "data.first_mes is an object, not a string")]
    [InlineData("""{"spec":"chara_card_v2","data":{"name":"Ada\ud83d"}}""", "data.name contains half a character")]
    [InlineData("""{"name":"Ada","nick\ud83dnam":"x"}""", "the name of one of its fields contains half a character")]
    [InlineData("""{"spec":"chara_card_v2","data":{"name":"Ada","character_book":{"entries":[{"keys":[],"content":5}]}}}""", "data.character_book.entries[0].content is a number")]
    public void A_bad_card_is_refused_with_the_reason(string body, string reason)
    {
        var upload = UploadedCard.Of(Encoding.UTF8.GetBytes(body), 1 << 20);
        var error = upload.IsSuccess ? CardReader.Read(upload.Value.Json).Error : upload.Error;
        Assert.Equal(ErrorCodes.InvalidCard, error!.Code);
        Assert.Equal(400, error.Status);
        Assert.Contains(reason, error.Message);
    }

    [Fact]
    public void A_card_cannot_make_of_little_text_very_much()
    {
        // Names that are put in many times, and long ones.
        var many = string.Concat(Enumerable.Repeat("<BOT> ", 100_000));
        var card = CardReader.Read($$"""{"name":"Ada","description":"{{many}}"}""").Value!;
        Assert.Contains(card.Warnings, warning => warning.Contains("stand so often", StringComparison.Ordinal));
        Assert.Equal(many, CardMacros.Expand(many, new string('n', 200), "friend"));
        Assert.Equal("Ada, ", CardMacros.Expand("<BOT>, ", "Ada", "friend"));

        // Text that is turned round.
        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.StartsWith("aaa", CardMacros.Expand($"{{{{reverse: {new string('a', 100_000)}}}}}", "Ada", "friend"));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 50_000_000);
    }

    [Fact]
    public void What_is_too_long_or_too_often_wrong_in_a_card_is_told_of_and_bounded()
    {
        var card = CardReader.Read("""{"spec":"chara_card_v2","data":{"name":"Ada","tags":[""" + string.Join(',', Enumerable.Repeat("1", 10_000)) + "]}}").Value!;
        Assert.Equal((51, "There is more like this."), (card.Warnings.Count, card.Warnings[^1]));

        card = CardReader.Read("""{"spec":"chara_card_v2","data":{"name":"Ada","nickname":"NICK","extensions":{"comox":{"boundaries":["Never says 'WORDS'.","Never lies."]}}}}"""
            .Replace("NICK", new string('n', 201), StringComparison.Ordinal).Replace("WORDS", new string('b', 1000), StringComparison.Ordinal)).Value!;
        Assert.Equal("", card.Nickname);
        Assert.Equal(["Never lies."], card.Identity.Boundaries.Select(boundary => boundary.Text));
        Assert.Contains(card.Warnings, warning => warning.StartsWith("data.nickname has 201 characters", StringComparison.Ordinal));
        Assert.Contains(card.Warnings, warning => warning.Contains("longer than 1000 characters", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(""" "tags":7 """, "data.tags is a number, not an array")]
    [InlineData(""" "tags":["x",3] """, "data.tags[1] is a number, not a string")]
    [InlineData(""" "extensions":[] """, "data.extensions is an array, not an object")]
    [InlineData(""" "extensions":{"comox":{"tagline":5}} """, "data.extensions.comox.tagline is a number, not a string")]
    [InlineData(""" "alternate_greetings":[null,"Ahoy"] """, "data.alternate_greetings[0] is null, not a string")]
    [InlineData(""" "creator":{} """, "data.creator is an object, not a string")]
    [InlineData(""" "character_book":[] """, "data.character_book is an array, not an object")]
    [InlineData(""" "character_book":{"entries":[null]} """, "data.character_book.entries[0] is null, not an object")]
    [InlineData(""" "character_book":{"entries":[{"content":"c","constant":true,"insertion_order":"first"}]} """, "entries[0].insertion_order is a string, not a number")]
    public void An_odd_field_that_is_no_text_of_the_prompt_is_left_out_with_a_warning(string field, string warning)
    {
        var card = CardReader.Read("""{"spec":"chara_card_v2","data":{"name":"Ada","first_mes":"Hi",""" + field + "}}");
        Assert.True(card.IsSuccess, card.Error?.Message);
        Assert.Equal("Hi", card.Value.FirstMessage);
        Assert.Contains(warning, Assert.Single(card.Value.Warnings));
    }

    [Theory]
    [InlineData(""" "tags":"a, b" """)]
    [InlineData(""" "tags":["a","b"],"extensions":null """)]
    public void Tags_may_be_one_string_with_commas(string field)
    {
        var card = CardReader.Read("""{"name":"Ada",""" + field + "}").Value!;
        Assert.Equal(["a", "b"], card.Tags);
        Assert.Empty(card.Warnings);
    }

    [Fact]
    public void A_lorebook_may_have_its_entries_as_an_object_and_its_order_as_text()
    {
        var card = CardReader.Read("""
            {"name":"Ada","character_book":{"entries":{
              "0":{"content":"second","constant":true,"insertion_order":"100"},
              "1":{"content":"first","constant":true,"order":20},
              "2":{"content":"off","constant":true,"disable":true}}}}
            """).Value!;
        Assert.Equal(["first", "second"], card.PinnedLore);
        Assert.Empty(card.Warnings);
    }

    [Fact]
    public void A_card_that_names_its_spec_but_has_its_fields_at_the_root_is_read_with_a_warning()
    {
        var card = CardReader.Read("""{"spec":"chara_card_v2","name":"Ada","first_mes":"Hi"}""").Value!;
        Assert.Equal(("Ada", "Hi"), (card.Name, card.FirstMessage));
        Assert.Contains("read from the root", Assert.Single(card.Warnings));
    }

    [Fact]
    public void A_byte_order_mark_before_the_json_of_a_png_is_passed_over() =>
        Assert.Equal("Ada", CardReader.Read(PngCard.Read(TestPng.With(("chara", Base64("\uFEFF" + Ada)))).Value!).Value!.Name);

    [Theory]
    [InlineData("%%%")]
    [InlineData("e30=")]
    [InlineData("e25vdA==")]
    public void A_bad_newer_card_in_a_png_does_not_hide_the_good_older_one(string newer) =>
        Assert.Equal(Ada, PngCard.Read(TestPng.With(("ccv3", newer), ("chara", Base64(Ada)))).Value);

    [Theory]
    [InlineData("iTXt")]
    [InlineData("zTXt")]
    public void A_png_with_its_card_in_another_kind_of_chunk_is_refused_with_that_kind_named(string type) =>
        Assert.Contains(type, PngCard.Read(TestPng.WithChunks(type, ("chara", Base64(Ada)))).Error!.Message);

    [Fact]
    public void A_png_without_a_card_a_cut_one_a_damaged_one_and_one_with_garbage_are_told_apart()
    {
        var good = TestPng.With(("chara", Base64(Ada)));
        Assert.Contains("it has no tEXt chunk", Refusal(TestPng.With()));
        Assert.Contains("cut off", Refusal(good[..^20]));
        Assert.Contains("not base64", Refusal(TestPng.With(("chara", "%%%"))));
        Assert.Contains("not UTF-8", Refusal(TestPng.With(("chara", Convert.ToBase64String([0xFF, 0xFE, 0x41])))));
        var damaged = good.ToArray();
        damaged[^20]++;
        Assert.Contains("checksum", Refusal(damaged));

        static string Refusal(byte[] png) => PngCard.Read(png).Error!.Message;
    }

    [Fact]
    public void A_png_with_two_cards_gives_the_newer_form() =>
        Assert.Equal("{\"v\":3}", PngCard.Read(TestPng.With(("chara", Base64("{\"v\":2}")), ("ccv3", Base64("{\"v\":3}")))).Value);

    [FsCheck.Xunit.Property(MaxTest = 100)]
    public void What_is_written_into_a_png_is_read_from_it(string text)
    {
        var json = new string([.. (text ?? "").Where(letter => !char.IsSurrogate(letter))]);
        Assert.Equal(json, PngCard.Read(TestPng.With(("chara", Base64(json)))).Value);
    }

    [FsCheck.Xunit.Property(MaxTest = 300)]
    public void No_bytes_make_the_reader_throw(byte[] tail, int cut)
    {
        var png = TestPng.With(("chara", Base64(Ada)));
        var start = Math.Abs(cut % png.Length);
        UploadedCard.Of([.. png[..start], .. tail ?? []], 1 << 20);
    }

    [Fact]
    public void A_first_version_card_has_its_fields_at_the_root()
    {
        var card = CardReader.Read("""{"name":"Ada","description":"d","personality":"p","scenario":"s","first_mes":"f","mes_example":"m"}""").Value!;
        Assert.Equal(("Ada", "d", "p", "s", "f", "m"), (card.Name, card.Description, card.Personality, card.Scenario, card.FirstMessage, card.MessageExamples));
    }

    [Fact]
    public void Constant_lore_is_pinned_in_order_and_triggered_lore_is_named_in_a_warning()
    {
        var card = CardReader.Read("""
            {"spec":"chara_card_v3","spec_version":"3.1","data":{"name":"Ada","character_book":{"entries":[
              {"keys":[],"content":"second","enabled":true,"constant":true,"insertion_order":20},
              {"keys":["sea"],"content":"waits","enabled":true,"insertion_order":5},
              {"keys":[],"content":"off","enabled":false,"constant":true,"insertion_order":1},
              {"keys":[],"content":"first","enabled":true,"constant":true,"insertion_order":10}]}}}
            """).Value!;
        Assert.Equal(["first", "second"], card.PinnedLore);
        Assert.Equal(2, card.Warnings.Count);
        Assert.Contains(card.Warnings, warning => warning.StartsWith("1 lorebook entry waits for keywords", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("{{char}} and {{USER}}", "Ada and Mara")]
    [InlineData("<bot> and <User>", "Ada and Mara")]
    [InlineData("{{ char }} {{weekday}}", "Ada {{weekday}}")]
    [InlineData("<char>{{// a note: {not} shown}}{{Comment: nor this}}{{hidden_key:key}}!", "Ada!")]
    [InlineData("{{random:{{user}}}} {{pick: a\\,b }} {{random::c, d}}", "Mara a,b c, d")]
    [InlineData("{{reverse:Drawn é}} {{roll:d1}} {{ROLL:1}} {{roll:x}}", "é nwarD 1 1 {{roll:x}}")]
    public void Macros_are_expanded_in_any_case_and_unknown_ones_stay(string text, string expected) => Assert.Equal(expected, CardMacros.Expand(text, "Ada", "Mara"));

    [Fact]
    public void Chance_is_the_same_each_time_and_another_in_another_conversation()
    {
        const string card = "{{random:a,b,c,d,e,f}}{{pick:a,b,c,d,e,f}}{{roll:d20}}";
        var seeds = Enumerable.Range(0, 40).Select(seed => CardMacros.Expand(card, "Ada", "Mara", $"ses_{seed}")).ToList();
        Assert.Equal(seeds, Enumerable.Range(0, 40).Select(seed => CardMacros.Expand(card, "Ada", "Mara", $"ses_{seed}")));
        Assert.True(seeds.Distinct().Count() > 30);
        Assert.All(seeds, text => Assert.Matches("^[a-f][a-f]([1-9]|1[0-9]|20)$", text));
        Assert.Equal(6, seeds.Select(text => text[0]).Distinct().Count());
        Assert.Equal(2, CardMacros.Expand(string.Concat(Enumerable.Repeat("{{random:x,y}}", 30)), "", "").Distinct().Count());
    }

    [Fact]
    public void Decorators_of_lore_are_followed_or_named_and_never_shown_and_macros_that_are_not_known_are_named()
    {
        var card = CardReader.Read("""
            {"spec":"chara_card_v3","spec_version":"3.0","data":{"name":"Ada","first_mes":"{{weekday}} {{ weekday }} {{original}} {{time::x}}","character_book":{"entries":[
            {"content":"@@depth 4\n@@role system\nThe city is flooded.","constant":true,"insertion_order":1},
            {"content":"@@dont_activate\nOld draft.","constant":true,"insertion_order":2},
            {"content":"@@activate\n\nAda is old.","keys":["age"],"insertion_order":3},
            {"content":"Mail a@@b.example.","constant":true,"insertion_order":4}]}}}
            """).Value!;
        Assert.Equal(["The city is flooded.", "Ada is old.", "Mail a@@b.example."], card.PinnedLore);
        Assert.Equal(2, card.Warnings.Count);
        Assert.Contains(card.Warnings, warning => warning.StartsWith("1 lorebook entry has decorators", StringComparison.Ordinal));
        Assert.Contains(card.Warnings, warning => warning.EndsWith("as they stand: {{weekday}}, {{time}}.", StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_imported_card_can_be_read_back_whole_and_its_picture_too()
    {
        await using var memory = await MemoryHost.StartAsync();
        var png = TestPng.With(("chara", Base64(Ada)));
        var imported = await memory.Client.ImportCharacterAsync(new MemoryStream(png), "image/png");
        Assert.True(imported.IsSuccess, imported.Error?.Message);
        Assert.Equal("ada", imported.Value.Slug);
        Assert.StartsWith("chr_", imported.Value.Id);
        Assert.Equal("Ada greets friend.", imported.Value.Description);
        Assert.Equal(["Hi friend!"], imported.Value.Greetings);
        Assert.True(imported.Value.HasAvatar);
        Assert.Equal(Ada, await memory.Http.GetStringAsync("/memory/characters/ada/card"));
        Assert.Equal(png, (await memory.Client.GetAvatarAsync("ada")).Value.Bytes);
        Assert.Equal("ada", (await memory.Client.GetCharacterAsync(imported.Value.Id)).Value!.Slug);
    }

    [Fact]
    public async Task A_card_may_come_as_a_form_or_without_a_content_type_and_a_second_of_the_name_gets_a_number()
    {
        await using var memory = await MemoryHost.StartAsync();
        using var form = new MultipartFormDataContent { { new ByteArrayContent(Encoding.UTF8.GetBytes(Ada)), "file", "ada.json" } };
        using var first = await memory.Http.PostAsync("/memory/characters", form);
        Assert.Equal(System.Net.HttpStatusCode.Created, first.StatusCode);
        Assert.Equal("/memory/characters/ada", first.Headers.Location?.ToString());

        using var bare = new ByteArrayContent(Encoding.UTF8.GetBytes(Ada));
        using var second = await memory.Http.PostAsync("/memory/characters", bare);
        Assert.Equal("/memory/characters/ada-2", second.Headers.Location?.ToString());

        using var empty = new MultipartFormDataContent { { new StringContent("x"), "other" } };
        using var refused = await memory.Http.PostAsync("/memory/characters", empty);
        Assert.Contains("no field 'file'", (await refused.Content.ReadFromJsonAsync(OpenAIJson.Default.ApiErrorBody))!.Error.Message);
    }

    [Fact]
    public async Task A_card_is_what_its_bytes_are_though_curl_calls_it_a_form()
    {
        await using var memory = await MemoryHost.StartAsync();
        using var body = new ByteArrayContent(Encoding.UTF8.GetBytes($$"""{"name":"Ada","description":"{{new string('x', 5_000)}}"}"""));
        body.Headers.ContentType = new MediaTypeHeaderValue("application/x-www-form-urlencoded");
        using var response = await memory.Http.PostAsync("/memory/characters", body);
        Assert.Equal(System.Net.HttpStatusCode.Created, response.StatusCode);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_card_over_the_limit_is_refused_with_413(bool asForm)
    {
        await using var memory = await MemoryHost.StartAsync(settings: new() { ["Comox:Memory:MaxCardBytes"] = "2048" });
        var bytes = Encoding.UTF8.GetBytes($$"""{"name":"Ada","description":"{{new string('x', 200_000)}}"}""");
        using HttpContent body = asForm ? new MultipartFormDataContent { { new ByteArrayContent(bytes), "file", "ada.json" } } : new ByteArrayContent(bytes);
        if (!asForm)
            body.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        using var response = await memory.Http.PostAsync("/memory/characters", body);
        Assert.Equal(413, (int)response.StatusCode);
        Assert.Equal(ErrorCodes.RequestTooLarge, (await response.Content.ReadFromJsonAsync(OpenAIJson.Default.ApiErrorBody))!.Error.Code);
    }

    [Fact]
    public async Task An_unknown_character_is_answered_with_those_there_are()
    {
        await using var memory = await MemoryHost.StartAsync();
        var error = (await memory.Client.GetCharacterAsync("nobody")).Error!;
        Assert.Equal((404, ErrorCodes.CharacterNotFound), (error.Status, error.Code));
        Assert.Contains("brine, clementine, pim", error.Message);
    }

    [Theory]
    [InlineData("Ada Lovelace", "ada-lovelace")]
    [InlineData("Žofia d'Arc", "zofia-darc")]
    [InlineData("  R2-D2 !!", "r2-d2")]
    [InlineData("龍", "character")]
    [InlineData("Straße Ø", "strasse-o")]
    public void A_slug_is_made_of_plain_letters(string name, string slug) => Assert.Equal(slug, Identity.Slugs.From(name));

    private static string Base64(string json) => Convert.ToBase64String(Encoding.UTF8.GetBytes(json));
}

/// <summary>Writes the smallest PNG that carries text chunks.</summary>
internal static class TestPng
{
    public static byte[] With(params (string Keyword, string Text)[] texts) => WithChunks("tEXt", texts);

    public static byte[] WithChunks(string type, params (string Keyword, string Text)[] texts)
    {
        var png = new MemoryStream();
        png.Write([0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A]);
        Chunk(png, "IHDR", [0, 0, 0, 1, 0, 0, 0, 1, 8, 2, 0, 0, 0]);
        foreach (var (keyword, text) in texts)
            Chunk(png, type, [.. Encoding.Latin1.GetBytes(keyword), 0, .. Encoding.Latin1.GetBytes(text)]);
        Chunk(png, "IEND", []);
        return png.ToArray();
    }

    private static void Chunk(MemoryStream png, string type, byte[] data)
    {
        byte[] typed = [.. Encoding.ASCII.GetBytes(type), .. data];
        var number = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(number, data.Length);
        png.Write(number);
        png.Write(typed);
        BinaryPrimitives.WriteUInt32BigEndian(number, PngChecksum.Of(typed));
        png.Write(number);
    }
}
