using System.Text;
using System.Text.Json;
using Comox.Gateway.OpenAI;
using Comox.Gateway.OpenAI.Responses;
using Comox.ServiceDefaults.Contracts.OpenAI;

namespace Comox.Fuzz.Targets;

/// <summary>The body of <c>POST /v1/responses</c>, said as a chat.</summary>
internal sealed class ResponsesBodyTarget : IFuzzTarget
{
    private static readonly string[] Fields =
    [
        "\"input\":[{\"role\":\"user\",\"content\":[{\"type\":\"input_text\",\"text\":\"a\"},{\"type\":\"input_image\",\"image_url\":\"data:x\"}]}]",
        "\"input\":[{\"type\":\"reasoning\",\"content\":[{\"type\":\"reasoning_text\",\"text\":\"h\"}]},{\"type\":\"function_call\",\"call_id\":\"1\",\"name\":\"f\",\"arguments\":\"{}\"},{\"type\":\"function_call_output\",\"call_id\":\"1\",\"output\":\"x\"}]",
        "\"input\":[{\"role\":\"assistant\",\"content\":[{\"type\":\"refusal\",\"refusal\":\"no\"}]}]", "\"input\" : \"b\"", "\"instructions\":\"Be brief.\"", "\"instructions\":null",
        "\"tools\":[{\"type\":\"function\",\"name\":\"f\",\"parameters\":{\"a\":[1]},\"strict\":null}]", "\"tool_choice\":\"auto\"", "\"tool_choice\":{\"type\":\"function\",\"name\":\"f\"}",
        "\"tool_choice\":{\"type\":\"allowed_tools\",\"mode\":\"required\",\"tools\":[{\"type\":\"function\",\"name\":\"f\"}]}", "\"parallel_tool_calls\":false", "\"stream\":true", "\"stream\":null",
        "\"text\":{\"format\":{\"type\":\"json_schema\",\"name\":\"n\",\"schema\":{\"x\":1}},\"verbosity\":\"low\"}", "\"text\":{\"format\":{\"type\":\"json_object\"}}", "\"reasoning\":{\"effort\":\"low\"}",
        "\"max_output_tokens\":9", "\"top_logprobs\":2", "\"include\":[\"message.output_text.logprobs\"]", "\"user\":\"mara\"", "\"safety_identifier\":\"s\"", "\"metadata\":{\n\"a\":\"b\"}", "\"temperature\" : 7e-1",
        "\"conversation\":{\"id\":\"c\"}", "\"previous_response_id\":\"r\"", "\"x\":\"Gr\u00fc\u00df \ud83d\udc4b\"", "\"mod\\u0065l2\":1.0E+2", "\"m\\u0065ssages\":[]", "\"n\":2", "\"\\ud83d\":1", "\"x\":{\"y\" : [ ]}",
    ];

    private static readonly string[] Tokens =
    [
        ",", "{", "}", "[", "]", "\"", "\\", "null", "true", "0", "\"\\ud800\"", "\\u0000", "\\ud83d", "\"model\":", "\"messages\":[{}]", "\"input\":", "\"type\":\"function\"", "\"type\":\"message\"", "\"role\":\"tool\"",
        "\"content\":", "\"text\":7", "\uFEFF", "\u00e9", " ", "\n", "{}", "[]",
    ];

    public string Name => "responses-body";

    public string Promise => "an error for the client, or a chat request in valid JSON, with an echo on one line";

    public byte[] Make(Random random)
    {
        List<string> fields = ["\"model\":\"m\"", "\"input\":\"Hello\""];
        for (var left = random.Next(8); left > 0; left--)
            fields.Insert(random.Next(fields.Count + 1), random.Pick(Fields));
        var space = random.Pick(["", "", " ", "\n\t", "\r\n  "]);
        var body = Encoding.UTF8.GetBytes($"{space}{{{space}{string.Join($"{space},{space}", fields)}{space}}}{space}");
        return random.Next(3) == 0 ? body : Mutations.Of(body, Tokens, random);
    }

    public Verdict Check(byte[] input, Random random)
    {
        if (ResponsesRequest.Read(input, out var request) is { } error)
        {
            return error.Status == 400 && error.Code is ErrorCodes.InvalidJson or ErrorCodes.InvalidRequest or ErrorCodes.UnsupportedContent && error.Message.Length > 0
                ? Verdict.Kept($"refused: {error.Code}")
                : Verdict.Broken($"no error for a client: {error}");
        }

        var fields = request!.Echo.Fields.Span;
        if (fields.ContainsAny((byte)'\n', (byte)'\r') || !IsJson($"{{\"model\":{Encoding.UTF8.GetString(request.Echo.Model.Span)}{Encoding.UTF8.GetString(fields)}}}"))
            return Verdict.Broken($"the echo is not JSON on one line: {Encoding.UTF8.GetString(fields)}");
        if (!IsJson(Encoding.UTF8.GetString(request.ChatBody.Span)))
            return Verdict.Broken($"the chat is not JSON: {Encoding.UTF8.GetString(request.ChatBody.Span)}");
        return ChatRequestReader.Read(request.ChatBody, out var chat) is { } refused
            ? refused.Param is "user" or "temperature" or "model" || refused.Code == ErrorCodes.InvalidJson ? Verdict.Kept("refused as a chat") : Verdict.Broken($"the chat is refused for what the client did not send: {refused}")
            : chat!.Stream == request.Stream && chat.Choices == 1 ? Verdict.Kept("accepted") : Verdict.Broken("the chat asks for another kind of answer.");
    }

    private static bool IsJson(string text)
    {
        try
        {
            using var json = JsonDocument.Parse(text, new JsonDocumentOptions { MaxDepth = 1024 });
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
