using System.Buffers;
using System.Text.Json;

namespace Comox.Gateway.Anthropic;

/// <summary>
/// Token counts in Anthropic's words. Its input is what was neither read from the cache nor written into it, where OpenAI's prompt is all of it:
/// <code>
/// {"input_tokens":10,"cache_creation_input_tokens":20,"cache_read_input_tokens":70,"output_tokens":5}
/// {"prompt_tokens":100,"completion_tokens":5,"total_tokens":105,"prompt_tokens_details":{"cached_tokens":70,"cache_creation_tokens":20}}
/// </code>
/// Every report is the whole count so far, so a later one replaces an earlier one field by field and is never added to it.
/// </summary>
internal readonly record struct AnthropicUsage(int Input, int CacheCreation, int CacheRead, int Output, int Thinking)
{
    public int Prompt => Input + CacheCreation + CacheRead;

    /// <summary>From OpenAI's counts.</summary>
    public static AnthropicUsage FromChat(int prompt, int cached, int cacheCreation, int completion, int reasoning) =>
        new(Math.Max(0, prompt - cached - cacheCreation), cacheCreation, cached, completion, reasoning);

    public static AnthropicUsage FromChat(JsonElement completion)
    {
        if (!completion.Has("usage", out var usage))
            return default;
        usage.Has("prompt_tokens_details", out var prompt);
        usage.Has("completion_tokens_details", out var answer);
        return FromChat(
            Count(usage, "prompt_tokens"),
            Count(prompt, "cached_tokens"),
            Count(prompt, "cache_creation_tokens"),
            Count(usage, "completion_tokens"),
            Count(answer, "reasoning_tokens"));
    }

    /// <summary><c>"usage":{…}</c>, for an object that is put together from text.</summary>
    public void WriteMemberTo(IBufferWriter<byte> output) => WriteMember(output, this, static (usage, json) => usage.WriteTo(json));

    /// <inheritdoc cref="WriteMemberTo"/>
    public void WriteChatMemberTo(IBufferWriter<byte> output) => WriteMember(output, this, static (usage, json) => usage.WriteChatTo(json));

    public void WriteTo(Utf8JsonWriter json)
    {
        json.WriteStartObject("usage"u8);
        json.WriteNumber("input_tokens"u8, Input);
        json.WriteNumber("cache_creation_input_tokens"u8, CacheCreation);
        json.WriteNumber("cache_read_input_tokens"u8, CacheRead);
        json.WriteNumber("output_tokens"u8, Output);
        if (Thinking > 0)
        {
            json.WriteStartObject("output_tokens_details"u8);
            json.WriteNumber("thinking_tokens"u8, Thinking);
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    public void WriteChatTo(Utf8JsonWriter json)
    {
        json.WriteStartObject("usage"u8);
        json.WriteNumber("prompt_tokens"u8, Prompt);
        json.WriteNumber("completion_tokens"u8, Output);
        json.WriteNumber("total_tokens"u8, Prompt + Output);
        json.WriteStartObject("prompt_tokens_details"u8);
        json.WriteNumber("cached_tokens"u8, CacheRead);
        if (CacheCreation > 0)
            json.WriteNumber("cache_creation_tokens"u8, CacheCreation);
        json.WriteEndObject();
        if (Thinking > 0)
        {
            json.WriteStartObject("completion_tokens_details"u8);
            json.WriteNumber("reasoning_tokens"u8, Thinking);
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    // Without the braces of the object around it, in which alone a writer writes a member.
    private static void WriteMember(IBufferWriter<byte> output, AnthropicUsage usage, Action<AnthropicUsage, Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>(160);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            write(usage, json);
            json.WriteEndObject();
        }

        output.Write(buffer.WrittenSpan[1..^1]);
    }

    private static int Count(JsonElement parent, string name) =>
        parent.Has(name, out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var count) ? count : 0;
}
