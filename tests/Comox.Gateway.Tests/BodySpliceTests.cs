using System.Text;
using System.Text.Json;
using Comox.Gateway.OpenAI;
using FsCheck;
using FsCheck.Fluent;

namespace Comox.Gateway.Tests;

public sealed class BodySpliceTests
{
    // Keys and values as clients really write them: escapes in keys, odd numbers, duplicates, our own names deeper down.
    private static readonly string[] UnknownFields =
    [
        "\"temperature\" : 7e-1", "\"x\":\"\\u00e9 \\/ \\ud83d\\ude00\"", "\"x\":\"Grüß 👋\"", "\"tools\":[{\"model\":\"inner\",\"messages\":[],\"stream\":false}]",
        "\"seed\":-0", "\"logit_bias\" : { \"1\" : -100 }", "\"stop\":[ \"\\n\" , \"\\\"\" ]", "\"\":null", "\"mod\\u0065l2\":1.0E+2", "\"metadata\":{}",
    ];

    private static readonly string[] KnownFields =
    [
        "\"model\":\"character/ada\"", "\"mod\\u0065l\" : \"b\"", "\"messages\":[{\"role\":\"user\",\"content\":\"a\"}]", "\"messages\" :[ {} ]", "\"stream\":false", "\"stream\":null",
        "\"max_tokens\":12", "\"max_tokens\":null", "\"stream_options\":null", "\"stream_options\":{\"include_usage\":false,\"x\":1}", "\"max_completion_tokens\":9",
    ];

    [Fact]
    public void Everything_that_is_not_replaced_stays_byte_for_byte()
    {
        var lists = Gen.Elements<string>([.. UnknownFields, .. KnownFields]).ListOf().SelectMany(
            fields => Gen.Shuffle<string>([.. fields, "\"model\":\"m\"", "\"messages\":[{}]"])).Select(fields => fields.ToArray());
        var spaces = Gen.Elements("", " ", "\n\t", "\r\n  ");
        Prop.ForAll(lists.ToArbitrary(), spaces.ToArbitrary(), (fields, space) =>
        {
            var body = $"{space}{{{space}{string.Join($"{space},{space}", fields)}{space}}}{space}";
            var spliced = Splice(body);

            // The oracle works on the list of fields, not on bytes: known ones are replaced by name, missing ones come last.
            var expected = fields.Select(Replace).ToList();
            Assert.StartsWith($"{space}{{{space}{string.Join($"{space},{space}", expected)}{space}", spliced);
            Assert.EndsWith("}" + space, spliced);
            using var document = JsonDocument.Parse(spliced);
            Assert.Equal("NEW", document.RootElement.GetProperty("model").GetString());
            Assert.True(document.RootElement.GetProperty("stream").GetBoolean());
            Assert.Equal(42, document.RootElement.GetProperty("max_tokens").GetInt32());
            Assert.True(document.RootElement.GetProperty("stream_options").GetProperty("include_usage").GetBoolean());
            return true;
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(500).WithQuietOnSuccess(true));
    }

    [Fact]
    public void Without_a_replacement_the_body_is_the_same()
    {
        const string body = """ {"model":"m","messages":[{}] ,"x":1} """;
        Assert.Null(ChatRequestReader.Read(Encoding.UTF8.GetBytes(body), out var request));
        Assert.Equal(body, Text(new BodySplice(request!)));
    }

    private static string Splice(string body)
    {
        Assert.Null(ChatRequestReader.Read(Encoding.UTF8.GetBytes(body), out var request));
        var splice = new BodySplice(request!);
        splice.Set(ChatField.Model, "\"NEW\""u8.ToArray());
        splice.Set(ChatField.Messages, "[1]"u8.ToArray());
        splice.Set(ChatField.Stream, "true"u8.ToArray());
        splice.Set(ChatField.StreamOptions, """{"include_usage":true}"""u8.ToArray());
        splice.Set(ChatField.MaxTokens, "42"u8.ToArray());
        splice.SetIfPresent(ChatField.MaxCompletionTokens, "42"u8.ToArray());
        return Text(splice);
    }

    private static string Replace(string field)
    {
        var key = field[..field.IndexOf(':')];
        var gap = field[(field.IndexOf(':') + 1)..] is { } rest ? rest[..(rest.Length - rest.TrimStart().Length)] : "";
        return JsonSerializer.Deserialize<string>(key.TrimEnd()) switch
        {
            "model" => $"{key}:{gap}\"NEW\"",
            "messages" => $"{key}:{gap}[1]",
            "stream" => $"{key}:{gap}true",
            "stream_options" => $"{key}:{gap}{{\"include_usage\":true}}",
            "max_tokens" or "max_completion_tokens" => $"{key}:{gap}42",
            _ => field,
        };
    }

    private static string Text(BodySplice splice) => string.Concat(splice.Pieces().Select(piece => Encoding.UTF8.GetString(piece.Span)));
}
