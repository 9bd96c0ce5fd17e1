using System.Buffers;
using System.Text;
using System.Text.Json;
using Comox.Gateway.Forwarding;
using Comox.Gateway.OpenAI.Responses;

namespace Comox.Fuzz.Targets;

/// <summary>An engine's chunks as the events of the Responses API.</summary>
internal sealed class ResponsesStreamTarget : IFuzzTarget
{
    private static readonly string[] Chunks =
    [
        """{"choices":[{"finish_reason":null,"index":0,"delta":{"role":"assistant","content":null}}],"model":"m"}""",
        """{"choices":[{"index":0,"delta":{"content":" sea \u00e9"},"logprobs":{"content":[{"token":"a","logprob":-1.5}]}}]}""",
        """{"choices":[{"index":0,"delta":{"reasoning_content":"Hm.","reasoning":"Hm."}}]}""", """{"choices":[{"index":0,"delta":{"refusal":"No."}}]}""",
        """{"choices":[{"delta":{"tool_calls":[{"index":0,"id":"c","function":{"name":"f","arguments":"{\"a\":"}}]}}]}""", """{"choices":[{"delta":{"tool_calls":[{"index":1,"function":{"arguments":"}"}}]}}]}""",
        """{"choices":[{"finish_reason":"length","index":0,"delta":{}}]}""",
        """{"choices":[],"usage":{"completion_tokens":20,"prompt_tokens":31,"total_tokens":51,"prompt_tokens_details":{"cached_tokens":3}}}""",
    ];

    private static readonly string[] Tokens =
        ["\\ud83d", "\\ude00", "\\u0000", "\\n", "\"content\":7", "\"tool_calls\":{}", "\"index\":-1", "\"index\":1e99", "\"finish_reason\":\"\\ud83d\"", "null", "[]", "{}", "\"logprobs\":{\"content\":[ ]}", "\"usage\":[]", "\n", ","];

    private readonly ResponsesEcho _echo = ResponsesRequest.Read("""{"model":"m","input":"Hi"}"""u8.ToArray(), out var request) is null ? request!.Echo : throw new InvalidOperationException("The smallest request is refused.");

    public string Name => "responses-stream";

    public string Promise => "every chunk that the pump lets through leaves whole events of valid JSON, numbered in order, and one end";

    public byte[] Make(Random random)
    {
        var lines = new List<string>();
        for (var left = 1 + random.Next(8); left > 0; left--)
        {
            var chunk = Encoding.UTF8.GetBytes(random.Pick(Chunks));
            lines.Add(Encoding.Latin1.GetString(random.Next(2) == 0 ? chunk : Mutations.Of(chunk, Tokens, random)).Replace('\0', ' '));
        }

        return Encoding.Latin1.GetBytes(string.Join('\0', lines));
    }

    public Verdict Check(byte[] input, Random random)
    {
        var dialect = new ResponsesDialect(_echo, "resp_1", 1);
        var (output, outcome, fold) = (new ArrayBufferWriter<byte>(), "garbage", new CompletionFold());
        foreach (var chunk in Encoding.Latin1.GetString(input).Split('\0').Select(Encoding.Latin1.GetBytes))
        {
            var scan = ChunkScan.Read(chunk, null);
            if (!scan.IsValid || scan.IsError)
                continue;
            outcome = "chunks";
            dialect.WriteChunk(chunk, output);
            fold.Add(chunk);
        }

        dialect.WriteEnd(output);
        if (Problem(new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(output.WrittenSpan)) is { } problem)
            return Verdict.Broken(problem);

        var whole = new ArrayBufferWriter<byte>();
        new ResponsesDialect(_echo, "resp_1", 1).WriteWhole(fold.ToUtf8Json(), whole);
        using var json = JsonDocument.Parse(whole.WrittenMemory, new JsonDocumentOptions { MaxDepth = 1024 });
        return Verdict.Kept(outcome);
    }

    private static string? Problem(string wire)
    {
        var number = 0;
        var last = "";
        foreach (var sse in wire.Split("\n\n", StringSplitOptions.RemoveEmptyEntries))
        {
            if (sse.Split('\n') is not [var name, var data] || !name.StartsWith("event: ", StringComparison.Ordinal) || !data.StartsWith("data: ", StringComparison.Ordinal))
                return $"no event: {sse}";
            using var json = JsonDocument.Parse(data[6..], new JsonDocumentOptions { MaxDepth = 1024 });
            if (json.RootElement.GetProperty("sequence_number").GetInt32() != number++)
                return $"a number is missing before {sse}";
            last = name[7..];
        }

        return last is "response.completed" or "response.incomplete" or "response.failed" ? null : $"the stream ends with {last}";
    }
}
