using System.Text.Json;
using System.Text.Unicode;
using Comox.ServiceDefaults;
using Comox.ServiceDefaults.Contracts.OpenAI;

namespace Comox.Gateway.OpenAI;

/// <summary>
/// Finds the few fields we act on in one forward pass over the raw body (no DOM: bodies of 256 KiB at hundreds a second are normal), and
/// remembers where they stand. https://platform.openai.com/docs/api-reference/chat/create
/// </summary>
internal ref struct ChatRequestReader
{
    private const int MaxNameLength = 256;

    private readonly ReadOnlyMemory<byte> _body;
    private readonly List<FieldSpan> _fields = [];
    private Utf8JsonReader _json;
    private string? _model;
    private bool _stream;
    private int? _maxTokens;
    private int? _maxCompletionTokens;
    private int _choices = 1;
    private string? _user;
    private bool _hasTemperature;
    private bool _hasMessages;

    private ChatRequestReader(ReadOnlyMemory<byte> body)
    {
        _body = body;
        // Tool schemas nest deeply; the depth only bounds a counter here, nothing recurses.
        _json = new Utf8JsonReader(body.Span, new JsonReaderOptions { MaxDepth = 512 });
    }

    /// <returns>Null and the request, or what is wrong with it.</returns>
    public static ApiError? Read(ReadOnlyMemory<byte> body, out ChatCompletionRequest? request)
    {
        request = null;
        if (!Utf8.IsValid(body.Span))
            return InvalidJson("The body is not UTF-8.");
        try
        {
            return new ChatRequestReader(body).ReadObject(out request);
        }
        catch (JsonException problem)
        {
            return InvalidJson($"The body is not valid JSON: see line {problem.LineNumber + 1}, byte {problem.BytePositionInLine + 1}.");
        }
        catch (InvalidOperationException)
        {
            // The reader's word for a string with half a surrogate pair ("\ud83d").
            return InvalidJson("The body is not valid JSON: a string holds an incomplete \\u escape.");
        }
    }

    private ApiError? ReadObject(out ChatCompletionRequest? request)
    {
        request = null;
        if (!_json.Read() || _json.TokenType != JsonTokenType.StartObject)
            return InvalidJson("The body must be a JSON object.");

        while (_json.Read() && _json.TokenType == JsonTokenType.PropertyName)
        {
            var known = TryGetField(out var field);
            _json.Read();
            if (!known)
            {
                _json.Skip();
                continue;
            }

            var start = (int)_json.TokenStartIndex;
            if (ReadField(field) is { } error)
                return error;
            _fields.Add(new FieldSpan(field, start, (int)_json.BytesConsumed));
        }

        var closingBrace = (int)_json.TokenStartIndex;
        _json.Read(); // Throws where anything follows the object.

        if (_model is null)
            return Missing("model");
        if (!_hasMessages)
            return Missing("messages");
        request = new ChatCompletionRequest
        {
            Body = _body,
            Model = _model,
            Stream = _stream,
            MaxTokens = _maxCompletionTokens ?? _maxTokens,
            Choices = _choices,
            User = _user,
            HasTemperature = _hasTemperature,
            Fields = _fields,
            ClosingBrace = closingBrace,
        };
        return null;
    }

    // ValueTextEquals, not a comparison of bytes: "mod\u0065l" is the same key to the engine's parser.
    private readonly bool TryGetField(out ChatField field)
    {
        (field, var known) = _json switch
        {
            _ when _json.ValueTextEquals("model"u8) => (ChatField.Model, true),
            _ when _json.ValueTextEquals("messages"u8) => (ChatField.Messages, true),
            _ when _json.ValueTextEquals("stream"u8) => (ChatField.Stream, true),
            _ when _json.ValueTextEquals("stream_options"u8) => (ChatField.StreamOptions, true),
            _ when _json.ValueTextEquals("max_tokens"u8) => (ChatField.MaxTokens, true),
            _ when _json.ValueTextEquals("max_completion_tokens"u8) => (ChatField.MaxCompletionTokens, true),
            _ when _json.ValueTextEquals("n"u8) => (ChatField.Choices, true),
            _ when _json.ValueTextEquals("user"u8) => (ChatField.User, true),
            _ when _json.ValueTextEquals("temperature"u8) => (ChatField.Temperature, true),
            _ => (default, false),
        };
        return known;
    }

    private ApiError? ReadField(ChatField field) => field switch
    {
        ChatField.Model => ReadName("model", out _model, required: true),
        ChatField.User => ReadName("user", out _user, required: false),
        ChatField.Messages => ReadMessages(),
        ChatField.Stream => ReadStream(),
        ChatField.StreamOptions => ReadStreamOptions(),
        ChatField.MaxTokens => ReadCount("max_tokens", int.MaxValue, out _maxTokens),
        ChatField.MaxCompletionTokens => ReadCount("max_completion_tokens", int.MaxValue, out _maxCompletionTokens),
        ChatField.Choices => ReadChoices(),
        ChatField.Temperature => ReadTemperature(),
        _ => throw new InvalidOperationException($"{field} is not read."),
    };

    private readonly ApiError? ReadName(string field, out string? value, bool required)
    {
        value = null;
        if (_json.TokenType == JsonTokenType.Null && !required)
            return null;
        if (_json.TokenType != JsonTokenType.String)
            return Invalid(field, "must be a string");
        value = _json.GetString()!;
        if (required && string.IsNullOrWhiteSpace(value))
            return Invalid(field, "must not be empty");
        if (value.Length == 0)
            value = null;
        return value?.Length > MaxNameLength ? Invalid(field, $"must have at most {MaxNameLength} characters") : null;
    }

    private ApiError? ReadMessages()
    {
        if (_json.TokenType != JsonTokenType.StartArray)
            return Invalid("messages", "must be an array of messages");
        _json.Read();
        if (_json.TokenType == JsonTokenType.EndArray)
            return Invalid("messages", "must hold at least one message");
        for (var i = 0; _json.TokenType != JsonTokenType.EndArray; i++)
        {
            if (_json.TokenType != JsonTokenType.StartObject)
                return Invalid($"messages[{i}]", "must be an object with role and content");
            _json.Skip();
            _json.Read();
        }

        _hasMessages = true;
        return null;
    }

    private ApiError? ReadStream()
    {
        if (_json.TokenType is not (JsonTokenType.True or JsonTokenType.False or JsonTokenType.Null))
            return Invalid("stream", "must be true or false");
        _stream = _json.TokenType == JsonTokenType.True;
        return null;
    }

    private ApiError? ReadStreamOptions()
    {
        if (_json.TokenType is not (JsonTokenType.StartObject or JsonTokenType.Null))
            return Invalid("stream_options", "must be an object");
        _json.Skip();
        return null;
    }

    private ApiError? ReadTemperature()
    {
        if (_json.TokenType is not (JsonTokenType.Number or JsonTokenType.Null))
            return Invalid("temperature", "must be a number");
        _hasTemperature = _json.TokenType == JsonTokenType.Number;
        return null;
    }

    private ApiError? ReadChoices()
    {
        var error = ReadCount("n", 64, out var choices);
        _choices = choices ?? 1;
        return error;
    }

    private readonly ApiError? ReadCount(string field, int most, out int? value)
    {
        value = null;
        if (_json.TokenType == JsonTokenType.Null)
            return null;
        if (_json.TokenType != JsonTokenType.Number || !_json.TryGetInt32(out var number) || number < 1 || number > most)
            return Invalid(field, most == int.MaxValue ? "must be a whole number above zero" : $"must be a whole number from 1 to {most}");
        value = number;
        return null;
    }

    private static ApiError InvalidJson(string message) => new(StatusCodes.Status400BadRequest, ErrorCodes.InvalidJson, message);

    private static ApiError Missing(string field) =>
        new(StatusCodes.Status400BadRequest, ErrorCodes.InvalidRequest, $"The field '{field}' is required.", field);

    private static ApiError Invalid(string field, string fault) =>
        new(StatusCodes.Status400BadRequest, ErrorCodes.InvalidRequest, $"The field '{field}' {fault}.", field);
}
