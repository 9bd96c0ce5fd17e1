using System.Text.Json;

namespace Comox.Gateway.OpenAI.Responses;

/// <summary>
/// The usage of a chat, and the same numbers as a response says them:
/// <code>
/// {"prompt_tokens":9,"completion_tokens":5,"total_tokens":14,"prompt_tokens_details":{"cached_tokens":4},"completion_tokens_details":{"reasoning_tokens":2}}
/// {"input_tokens":9,"input_tokens_details":{"cached_tokens":4},"output_tokens":5,"output_tokens_details":{"reasoning_tokens":2},"total_tokens":14}
/// </code>
/// Engines that report it more than once report it cumulatively: the last one counts, nothing is added up.
/// </summary>
internal readonly record struct ChatUsage(long Input, long Output)
{
    private long? Total { get; init; }
    private long Cached { get; init; }
    private long? CacheWrite { get; init; }
    private long Reasoning { get; init; }

    /// <param name="json">Stands at the key <c>usage</c>; afterwards at the end of its value.</param>
    /// <returns>Null where there is none.</returns>
    public static ChatUsage? Read(ref Utf8JsonReader json)
    {
        json.Read();
        if (json.TokenType != JsonTokenType.StartObject)
        {
            json.Skip();
            return null;
        }

        var usage = default(ChatUsage);
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            if (json.ValueTextEquals("prompt_tokens"u8))
                usage = usage with { Input = ReadNumber(ref json) ?? usage.Input };
            else if (json.ValueTextEquals("completion_tokens"u8))
                usage = usage with { Output = ReadNumber(ref json) ?? usage.Output };
            else if (json.ValueTextEquals("total_tokens"u8))
                usage = usage with { Total = ReadNumber(ref json) };
            else if (json.ValueTextEquals("prompt_tokens_details"u8) || json.ValueTextEquals("completion_tokens_details"u8))
                usage = ReadDetails(ref json, usage);
            else
                ReadNumber(ref json);
        }

        return usage;
    }

    public void WriteTo(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteNumber("input_tokens"u8, Input);
        json.WriteStartObject("input_tokens_details"u8);
        if (CacheWrite is { } written)
            json.WriteNumber("cache_write_tokens"u8, written);
        json.WriteNumber("cached_tokens"u8, Cached);
        json.WriteEndObject();
        json.WriteNumber("output_tokens"u8, Output);
        json.WriteStartObject("output_tokens_details"u8);
        json.WriteNumber("reasoning_tokens"u8, Reasoning);
        json.WriteEndObject();
        json.WriteNumber("total_tokens"u8, Total ?? (Input + Output));
        json.WriteEndObject();
    }

    private static ChatUsage ReadDetails(ref Utf8JsonReader json, ChatUsage usage)
    {
        json.Read();
        if (json.TokenType != JsonTokenType.StartObject)
        {
            json.Skip();
            return usage;
        }

        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            if (json.ValueTextEquals("cached_tokens"u8))
                usage = usage with { Cached = ReadNumber(ref json) ?? usage.Cached };
            else if (json.ValueTextEquals("cache_write_tokens"u8))
                usage = usage with { CacheWrite = ReadNumber(ref json) };
            else if (json.ValueTextEquals("reasoning_tokens"u8))
                usage = usage with { Reasoning = ReadNumber(ref json) ?? usage.Reasoning };
            else
                ReadNumber(ref json);
        }

        return usage;
    }

    private static long? ReadNumber(ref Utf8JsonReader json)
    {
        json.Read();
        if (json.TokenType == JsonTokenType.Number && json.TryGetInt64(out var number))
            return number;
        json.Skip();
        return null;
    }
}
