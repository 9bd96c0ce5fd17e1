using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using Comox.Gateway;
using Comox.Gateway.Backends;
using Comox.Gateway.CircuitBreaking;
using Comox.Gateway.Forwarding;
using Comox.Gateway.LoadBalancing;
using Comox.Gateway.OpenAI;
using Comox.Gateway.Recall;
using Comox.Gateway.Routing;
using Comox.ServiceDefaults.Contracts.Nodes;
using Comox.ServiceDefaults.Contracts.OpenAI;
using Microsoft.AspNetCore.Http;

namespace Comox.Fuzz.Targets;

/// <summary>The body of <c>POST /v1/chat/completions</c>: read, spliced for an engine, and read as a transcript for memory.</summary>
internal sealed class ChatBodyTarget : IFuzzTarget
{
    private static readonly string[] Fields =
    [
        "\"model\":\"character/ada\"", "\"mod\\u0065l\" : \"b\"", "\"messages\":[{\"role\":\"user\",\"content\":\"a\"}]", "\"messages\" :[ {} ]",
        "\"messages\":[{\"role\":\"system\",\"content\":[{\"type\":\"text\",\"text\":\"Gr\u00fc\u00df\"}]},{\"content\":null,\"role\":\"assistant\",\"tool_calls\":[]}]",
        "\"stream\":false", "\"stream\":true", "\"stream\":null", "\"max_tokens\":12", "\"max_tokens\":null", "\"stream_options\":null", "\"stream_options\":{\"include_usage\":true,\"x\":1}",
        "\"max_completion_tokens\":9", "\"n\":2", "\"user\":\"mara\"", "\"user\":null",
        "\"temperature\" : 7e-1", "\"x\":\"\\u00e9 \\/ \\ud83d\\ude00\"", "\"x\":\"Gr\u00fc\u00df \ud83d\udc4b\"", "\"tools\":[{\"model\":\"inner\",\"messages\":[],\"stream\":false}]", "\"seed\":-0",
        "\"logit_bias\" : { \"1\" : -100 }", "\"stop\":[ \"\\n\" , \"\\\"\" ]", "\"\":null", "\"mod\\u0065l2\":1.0E+2", "\"\\ud83d\":1", "\"metadata\":{}", "\"deep\":[[[[[[{\"a\":[[]]}]]]]]]",
    ];

    private static readonly string[] Tokens =
    [
        ",", "{", "}", "[", "]", "\"", "\\", "null", "true", "0", "-", "1e999", "99999999999999999999", "\"\\ud800\"", "\\u0000", "\\ud83d", "\"model\":", "\"messages\":", "\"stream\":", "\"max_tokens\":", "\"role\":",
        "\"content\":", "\"type\":\"text\"", "\"image_url\"", "//x\n", "/*x*/", "\uFEFF", "\u00e9", "[{\"role\":\"user\"}]", "\"n\":0", " ", "\n",
    ];

    private static readonly RecalledPrompt Recalled = new("ses_1", "trn_1", "rcp_1", [new ChatMessage("system", "You are Ada \"Countess\"."), new ChatMessage("user", "Hi \ud83d\udc4b")], 17);

    public string Name => "chat-body";

    public string Promise => "an error for the client, or valid JSON in which nothing else has changed";

    public byte[] Make(Random random)
    {
        if (random.Next(400) == 0)
            return Encoding.UTF8.GetBytes($"{{\"model\":\"m\",\"messages\":[{{}}],\"x\":{new string('[', random.Next(600))}{new string(']', random.Next(600))}}}");

        List<string> fields = ["\"model\":\"m\"", "\"messages\":[{\"role\":\"user\",\"content\":\"Hello\"}]"];
        for (var left = random.Next(8); left > 0; left--)
            fields.Insert(random.Next(fields.Count + 1), random.Pick(Fields));
        var space = random.Pick(["", "", " ", "\n\t", "\r\n  "]);
        var body = Encoding.UTF8.GetBytes($"{space}{{{space}{string.Join($"{space},{space}", fields)}{space}}}{space}");
        return random.Next(4) == 0 ? body : Mutations.Of(body, Tokens, random);
    }

    public Verdict Check(byte[] input, Random random)
    {
        var error = ChatRequestReader.Read(input, out var request);
        using var sent = Parse(input);
        if (error is not null)
        {
            return error.Status == 400 && error.Code is ErrorCodes.InvalidJson or ErrorCodes.InvalidRequest && error.Message.Length > 0
                ? error.Code == ErrorCodes.InvalidJson && IsText(input, sent) ? Verdict.Broken($"valid JSON was refused: {error.Message}") : Verdict.Kept($"refused: {error.Code}")
                : Verdict.Broken($"no error for a client: {error}");
        }

        if (sent is null)
            return Verdict.Broken("what is not JSON was accepted.");
        if (Spliced(request!, null, sent) is { } plain)
            return Verdict.Broken(plain);
        if (Spliced(request!, Recalled, sent) is { } character)
            return Verdict.Broken(character);
        var unread = TranscriptReader.Read(request!.Messages.Span, out _);
        return unread is null or { Status: 400, Code: ErrorCodes.InvalidRequest or ErrorCodes.UnsupportedContent }
            ? Verdict.Kept(unread is null ? "accepted" : "accepted for plain models")
            : Verdict.Broken($"no error for a client: {unread}");
    }

    private static readonly Backend Engine =
        new BackendFactory(new("Bearer", "key"), new BackendLoads(new LoadOptions(), TimeProvider.System), new BackendCircuits(new CircuitOptions(), new Dice(1), TimeProvider.System))
            .Of("m", "local", new BackendOptions { Name = "engine", Kind = BackendKinds.LlamaCpp, Url = "http://127.0.0.1:1/v1" });

    /// <returns>What is wrong with the body that the engine would get, or null.</returns>
    private static string? Spliced(ChatCompletionRequest request, RecalledPrompt? recalled, JsonDocument sent)
    {
        var exchange = new Exchange(new DefaultHttpContext(), request, "req_1", TimeProvider.System, CancellationToken.None) { Route = new ModelRoute("plain \"m\"", PromptProfile.Standard, null), Recalled = recalled };
        var body = EngineRequest.Splice(exchange, Engine).Pieces().SelectMany(piece => piece.ToArray()).ToArray();
        using var spliced = Parse(body);
        if (spliced is null)
            return $"the engine would get what is not JSON: {Encoding.UTF8.GetString(body)}";

        HashSet<string> ours = ["max_tokens", "max_completion_tokens"];
        if (!request.Stream)
            ours.UnionWith(["stream", "stream_options"]);
        if (recalled is not null)
            ours.UnionWith(["model", "messages"]);
        // What llama-server does not read as it is meant.
        if (sent.RootElement.EnumerateObject().Any(field => NameOf(field) == "tool_choice" && field.Value.ValueKind == JsonValueKind.Object))
            ours.UnionWith(["tools", "tool_choice"]);
        if (!Others(sent.RootElement, ours).SequenceEqual(Others(spliced.RootElement, ours)))
            return $"a field that is the client's own was changed: {Encoding.UTF8.GetString(body)}";

        foreach (var field in spliced.RootElement.EnumerateObject())
        {
            var holds = NameOf(field) switch
            {
                "stream" when !request.Stream => field.Value.ValueKind == JsonValueKind.True,
                "max_tokens" or "max_completion_tokens" => field.Value.GetInt32() > 0 && field.Value.GetInt32() <= (recalled?.MaxReplyTokens ?? int.MaxValue),
                "model" when recalled is not null => field.Value.ValueEquals("plain \"m\""),
                "messages" when recalled is not null => field.Value.GetArrayLength() == recalled.Messages.Count,
                _ => true,
            };
            if (!holds)
                return $"an occurrence of a field of ours was not replaced: {field}";
        }

        return spliced.RootElement.EnumerateObject().Any(field => NameOf(field) == "max_tokens") ? null : "the engine would get no limit.";
    }

    private static IEnumerable<string> Others(JsonElement root, HashSet<string> ours) =>
        root.EnumerateObject().Where(field => NameOf(field) is not { } name || !ours.Contains(name)).Select(field => field.ToString());

    // A key with half a surrogate pair has no name; it is nobody's but the client's.
    private static string? NameOf(JsonProperty field)
    {
        try
        {
            return field.Name;
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }

    // "\ud83d" and bytes that are not UTF-8 are JSON to the parser and yet no text.
    private static bool IsText(byte[] input, JsonDocument? sent) =>
        sent?.RootElement.ValueKind == JsonValueKind.Object && Utf8.IsValid(input) && !Encoding.UTF8.GetString(input).Contains("\\ud", StringComparison.OrdinalIgnoreCase);

    private static JsonDocument? Parse(byte[] json)
    {
        try
        {
            return JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = 512 });
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
