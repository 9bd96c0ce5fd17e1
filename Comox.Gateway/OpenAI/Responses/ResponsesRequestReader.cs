using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using Comox.ServiceDefaults;

namespace Comox.Gateway.OpenAI.Responses;

/// <summary>
/// <c>/v1/responses</c> → <c>/v1/chat/completions</c>, over slices of the body: text, schemas and numbers are copied as they came, never decoded.
/// <code>
/// {"model":"m","instructions":"Be brief.","input":"Hi","max_output_tokens":9,"x":1}
/// {"model":"m","messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"Hi"}],"max_completion_tokens":9,"x":1}
/// </code>
/// </summary>
internal sealed class ResponsesRequestReader
{
    private readonly JsonSlice[] _values = new JsonSlice[ResponsesFieldFacts.All.Count];
    private readonly List<(ReadOnlyMemory<byte> Name, ReadOnlyMemory<byte> Value)> _others = [];
    private readonly ArrayBufferWriter<byte> _chat = new(4096);

    /// <returns>Null and the request, or what is wrong with it.</returns>
    public static ApiError? Read(ReadOnlyMemory<byte> body, out ResponsesRequest? request)
    {
        request = null;
        if (!Utf8.IsValid(body.Span))
            return BodyErrors.NotUtf8();
        try
        {
            var reader = new ResponsesRequestReader();
            if ((reader.ReadMembers(body) ?? reader.Check() ?? reader.WriteChat()) is { } error)
                return error;
            request = reader.Result();
            return null;
        }
        catch (JsonException problem)
        {
            return BodyErrors.At(problem);
        }
        catch (InvalidOperationException)
        {
            return BodyErrors.HalfCharacter();
        }
    }

    private JsonSlice this[ResponsesField field] => _values[(int)field];

    private ApiError? ReadMembers(ReadOnlyMemory<byte> body)
    {
        var members = new JsonMembers(body);
        if (!members.IsObject)
            return BodyErrors.NotAnObject();
        string? misplaced = null;
        var instead = "";
        while (members.Next())
        {
            if (FieldOf(in members) is { } field)
            {
                _values[(int)field] = members.Value;
                continue;
            }

            foreach (var (name, advice) in ResponsesFieldFacts.ChatOnly)
            {
                if (members.Is(name))
                    (misplaced, instead) = (Encoding.UTF8.GetString(name), advice);
            }

            _others.Add((members.Name, members.Value.Bytes));
        }

        // Not on sight: a body that is no JSON further down is told that first.
        return misplaced is null ? null : BodyErrors.Refuse(misplaced, $"The field '{misplaced}' belongs to /v1/chat/completions. {instead}");
    }

    private static ResponsesField? FieldOf(ref readonly JsonMembers members)
    {
        foreach (var facts in ResponsesFieldFacts.All)
        {
            if (members.Is(facts.Utf8Name))
                return facts.Field;
        }

        return null;
    }

    private ApiError? Check()
    {
        if (this[ResponsesField.Model] is { IsText: false } model)
            return model.IsNone ? BodyErrors.Missing("model") : BodyErrors.Invalid("model", "must be a string");
        if (string.IsNullOrWhiteSpace(this[ResponsesField.Model].Text))
            return BodyErrors.Invalid("model", "must not be empty");
        if (this[ResponsesField.Background].Kind == JsonTokenType.True)
            return BodyErrors.Refuse("background", "Comox answers while the client waits and keeps no jobs. Leave 'background' out, or send false.");
        if (!this[ResponsesField.Prompt].IsNone)
            return BodyErrors.Refuse("prompt", "Prompt templates are stored at OpenAI and Comox has none. Send the text in 'instructions' and 'input'.");
        if (!this[ResponsesField.Moderation].IsNone)
            return BodyErrors.Refuse("moderation", "Comox runs no moderation model. Leave 'moderation' out.");
        if (!this[ResponsesField.ContextManagement].IsNone)
            return BodyErrors.Refuse("context_management", "Comox does not compact a conversation. Leave 'context_management' out, or talk to a character, whose memory does.");
        // A character's prompt fits by construction; for a plain model nothing is cut, and an overlong input is the engine's context_length_exceeded.
        if (this[ResponsesField.Truncation] is { IsNone: false } truncation && truncation.Text is not ("auto" or "disabled"))
            return BodyErrors.Invalid("truncation", "must be \"auto\" or \"disabled\"");
        return MustBe(ResponsesField.Instructions, JsonTokenType.String, "a string")
            ?? MustBe(ResponsesField.Metadata, JsonTokenType.StartObject, "an object")
            ?? MustBe(ResponsesField.SafetyIdentifier, JsonTokenType.String, "a string")
            ?? MustBe(ResponsesField.StreamOptions, JsonTokenType.StartObject, "an object")
            ?? MustBe(ResponsesField.PreviousResponseId, JsonTokenType.String, "a string")
            ?? MustBeBoolean(ResponsesField.Stream) ?? MustBeBoolean(ResponsesField.Store) ?? MustBeBoolean(ResponsesField.Background) ?? MustBeBoolean(ResponsesField.ParallelToolCalls)
            ?? CheckConversation();
    }

    private ApiError? CheckConversation()
    {
        if (this[ResponsesField.Conversation].IsNone)
            return null;
        if (string.IsNullOrEmpty(ConversationId()))
            return BodyErrors.Invalid("conversation", "must be a conversation's id, or an object with one");
        return this[ResponsesField.PreviousResponseId].IsNone
            ? null
            : BodyErrors.Invalid("conversation", "cannot be sent together with 'previous_response_id'; send one of the two");
    }

    private ApiError? MustBe(ResponsesField field, JsonTokenType kind, string what) =>
        this[field].IsNone || this[field].Kind == kind ? null : BodyErrors.Invalid(ResponsesFieldFacts.All[(int)field].Name, $"must be {what}");

    private ApiError? MustBeBoolean(ResponsesField field) =>
        this[field].IsNone || this[field].Kind is JsonTokenType.True or JsonTokenType.False ? null : BodyErrors.Invalid(ResponsesFieldFacts.All[(int)field].Name, "must be true or false");

    private ApiError? WriteChat()
    {
        _chat.Write("{\"model\":"u8);
        _chat.Write(this[ResponsesField.Model].Bytes.Span);
        _chat.Write(",\"messages\":["u8);
        if (new InputItems(_chat).Write(this[ResponsesField.Instructions], this[ResponsesField.Input]) is { } badInput)
            return badInput;
        _chat.Write("]"u8);

        foreach (var facts in ResponsesFieldFacts.All.Where(facts => facts.SameInChat && !this[facts.Field].IsNone))
            Add(facts.Utf8Name, this[facts.Field].Bytes.Span);
        if (this[ResponsesField.User].IsNone && !this[ResponsesField.SafetyIdentifier].IsNone)
            Add("user"u8, this[ResponsesField.SafetyIdentifier].Bytes.Span);
        // The response object ends with the usage, streamed or not.
        if (this[ResponsesField.Stream].Kind == JsonTokenType.True)
            Add("stream_options"u8, """{"include_usage":true}"""u8);

        var settings = new OutputSettings(_chat);
        if ((settings.WriteMaxOutputTokens(this[ResponsesField.MaxOutputTokens])
            ?? settings.WriteText(this[ResponsesField.Text])
            ?? settings.WriteReasoning(this[ResponsesField.Reasoning])
            ?? settings.WriteLogprobs(this[ResponsesField.TopLogprobs], this[ResponsesField.Include])
            ?? new ToolSettings(_chat).Write(this[ResponsesField.Tools], this[ResponsesField.ToolChoice], this[ResponsesField.ParallelToolCalls])) is { } bad)
            return bad;

        foreach (var (name, value) in _others)
        {
            _chat.Write(","u8);
            _chat.Write(name.Span);
            _chat.Write(":"u8);
            _chat.Write(value.Span);
        }

        _chat.Write("}"u8);
        return null;
    }

    private void Add(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        _chat.Write(",\""u8);
        _chat.Write(name);
        _chat.Write("\":"u8);
        _chat.Write(value);
    }

    private ResponsesRequest Result() => new()
    {
        ChatBody = _chat.WrittenMemory,
        Echo = new ResponsesEcho(this[ResponsesField.Model].Bytes, EchoFields()),
        Stream = this[ResponsesField.Stream].Kind == JsonTokenType.True,
        Store = this[ResponsesField.Store].Kind != JsonTokenType.False,
        PreviousResponseId = this[ResponsesField.PreviousResponseId].Text,
        Conversation = ConversationId(),
    };

    private string? ConversationId()
    {
        var conversation = this[ResponsesField.Conversation];
        if (conversation.Kind != JsonTokenType.StartObject)
            return conversation.Text;
        string? id = null;
        var members = new JsonMembers(conversation.Bytes);
        while (members.Next())
            id = members.Is("id"u8) ? members.Value.Text : id;
        return id;
    }

    private byte[] EchoFields()
    {
        var echo = new ArrayBufferWriter<byte>();
        foreach (var facts in ResponsesFieldFacts.All.Where(facts => facts.Echo is not null))
        {
            echo.Write(",\""u8);
            echo.Write(facts.Utf8Name);
            echo.Write("\":"u8);
            echo.Write(this[facts.Field].IsNone ? Encoding.UTF8.GetBytes(facts.Echo!) : this[facts.Field].Bytes.Span);
        }

        var bytes = echo.WrittenSpan.ToArray();
        OneLine.Make(bytes);
        return bytes;
    }
}
