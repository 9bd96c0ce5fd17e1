using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Comox.ServiceDefaults;

namespace Comox.Gateway.OpenAI.Responses;

/// <summary>What the Responses API wants of the output, in the chat's words. Each method adds members to the chat body, or says what is wrong.</summary>
internal sealed class OutputSettings(ArrayBufferWriter<byte> chat)
{
    private const int MostLogprobs = 20;

    /// <summary><c>"max_output_tokens":9</c> → <c>"max_completion_tokens":9</c></summary>
    public ApiError? WriteMaxOutputTokens(JsonSlice limit)
    {
        if (limit.IsNone)
            return null;
        if (!TryGetCount(limit, out var tokens) || tokens < 1)
            return BodyErrors.Invalid("max_output_tokens", "must be a whole number above zero");
        chat.Write(",\"max_completion_tokens\":"u8);
        chat.Write(limit.Bytes.Span);
        return null;
    }

    /// <summary>
    /// The schema's own members move one level down, as they came:
    /// <code>
    /// "text":{"format":{"type":"json_schema","name":"city","strict":true,"schema":{…}},"verbosity":"low"}
    /// "response_format":{"type":"json_schema","json_schema":{"name":"city","strict":true,"schema":{…}}},"verbosity":"low"
    /// </code>
    /// </summary>
    public ApiError? WriteText(JsonSlice text)
    {
        if (text.IsNone)
            return null;
        if (text.Kind != JsonTokenType.StartObject)
            return BodyErrors.Invalid("text", "must be an object");
        var (format, verbosity) = (default(JsonSlice), default(JsonSlice));
        var members = new JsonMembers(text.Bytes);
        while (members.Next())
        {
            if (members.Is("format"u8))
                format = members.Value;
            else if (members.Is("verbosity"u8))
                verbosity = members.Value;
        }

        if (verbosity is { IsNone: false, IsText: false })
            return BodyErrors.Invalid("text.verbosity", "must be a string");
        if (verbosity.IsText)
        {
            chat.Write(",\"verbosity\":"u8);
            chat.Write(verbosity.Bytes.Span);
        }

        return format.IsNone ? null : WriteFormat(format);
    }

    /// <summary><c>"reasoning":{"effort":"low"}</c> → <c>"reasoning_effort":"low"</c>. A summary is never made: the reasoning itself is in the answer.</summary>
    public ApiError? WriteReasoning(JsonSlice reasoning)
    {
        if (reasoning.IsNone)
            return null;
        if (reasoning.Kind != JsonTokenType.StartObject)
            return BodyErrors.Invalid("reasoning", "must be an object");
        var effort = default(JsonSlice);
        var members = new JsonMembers(reasoning.Bytes);
        while (members.Next())
            effort = members.Is("effort"u8) ? members.Value : effort;
        if (effort.IsNone)
            return null;
        if (!effort.IsText)
            return BodyErrors.Invalid("reasoning.effort", "must be a string");
        chat.Write(",\"reasoning_effort\":"u8);
        chat.Write(effort.Bytes.Span);
        return null;
    }

    /// <summary>
    /// <c>"top_logprobs":2</c> → <c>"logprobs":true,"top_logprobs":2</c>. Of <c>include</c> only the log probabilities mean anything here; the rest asks for the
    /// results of tools that Comox does not run, and clients send it always.
    /// </summary>
    public ApiError? WriteLogprobs(JsonSlice topLogprobs, JsonSlice include)
    {
        var most = 0;
        if (!topLogprobs.IsNone && (!TryGetCount(topLogprobs, out most) || most is < 0 or > MostLogprobs))
            return BodyErrors.Invalid("top_logprobs", $"must be a whole number from 0 to {MostLogprobs}");
        var wanted = most > 0;
        if (include is { IsNone: false, Kind: not JsonTokenType.StartArray })
            return BodyErrors.Invalid("include", "must be an array of strings");
        if (!include.IsNone)
        {
            var elements = new JsonElements(include.Bytes);
            while (elements.Next())
            {
                if (!elements.Value.IsText)
                    return BodyErrors.Invalid($"include[{elements.Index}]", "must be a string");
                wanted |= elements.Value.Text == "message.output_text.logprobs";
            }
        }

        if (wanted)
            chat.Write(",\"logprobs\":true"u8);
        if (most > 0)
            chat.Write(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $",\"top_logprobs\":{most}")));
        return null;
    }

    private ApiError? WriteFormat(JsonSlice format)
    {
        if (format.Kind != JsonTokenType.StartObject)
            return BodyErrors.Invalid("text.format", "must be an object");
        var (type, name, schema) = (default(JsonSlice), default(JsonSlice), default(JsonSlice));
        var members = new JsonMembers(format.Bytes);
        while (members.Next())
        {
            if (members.Is("type"u8))
                type = members.Value;
            else if (members.Is("name"u8))
                name = members.Value;
            else if (members.Is("schema"u8))
                schema = members.Value;
        }

        switch (type.Text)
        {
            case "text":
                return null;
            case "json_object":
                chat.Write(",\"response_format\":{\"type\":\"json_object\"}"u8);
                return null;
            case "json_schema" when !name.IsText:
                return BodyErrors.Invalid("text.format.name", "must be the name of the schema");
            case "json_schema" when schema.Kind != JsonTokenType.StartObject:
                return BodyErrors.Invalid("text.format.schema", "must be a JSON schema");
            case "json_schema":
                chat.Write(",\"response_format\":{\"type\":\"json_schema\",\"json_schema\":"u8);
                Members.WriteWithoutType(format, chat);
                chat.Write("}"u8);
                return null;
            default:
                return BodyErrors.Invalid("text.format.type", "must be text, json_object or json_schema");
        }
    }

    private static bool TryGetCount(JsonSlice value, out int number)
    {
        number = 0;
        if (value.Kind != JsonTokenType.Number)
            return false;
        var json = new Utf8JsonReader(value.Bytes.Span);
        json.Read();
        return json.TryGetInt32(out number);
    }
}

/// <summary>What a description of the Responses API has flat, a chat wraps: the same members, without <c>type</c>.</summary>
internal static class Members
{
    /// <summary>Leaves out nulls too: clients write <c>"strict":null</c>, at which some engines stumble.</summary>
    public static void WriteWithoutType(JsonSlice json, ArrayBufferWriter<byte> output)
    {
        var separator = "{"u8;
        var members = new JsonMembers(json.Bytes);
        while (members.Next())
        {
            if (members.Is("type"u8) || members.Value.IsNone)
                continue;
            output.Write(separator);
            separator = ","u8;
            output.Write(members.Name.Span);
            output.Write(":"u8);
            output.Write(members.Value.Bytes.Span);
        }

        output.Write("}"u8);
    }
}
