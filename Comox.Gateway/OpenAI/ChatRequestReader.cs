using System.Text.Json;
using System.Text.Unicode;
using Comox.ServiceDefaults;

namespace Comox.Gateway.OpenAI;

/// <summary>
/// Finds the few fields we act on in one forward pass over the raw body (no DOM: bodies of 256 KiB at hundreds a second are normal), and
/// remembers where they stand. One reader for every API whose body travels as it came; <see cref="RequestApi"/> says what differs.
/// </summary>
internal ref struct ChatRequestReader
{
    private const int MaxNameLength = 256;

    private readonly ReadOnlyMemory<byte> _body;
    private readonly RequestApi _api;
    private readonly List<FieldSpan> _fields = [];
    private Utf8JsonReader _json;
    private string? _model;
    private bool _stream;
    private int? _maxTokens;
    private int? _maxCompletionTokens;
    private int _choices = 1;
    private int _prompts = 1;
    private string? _user;
    private bool _hasTemperature;
    private bool _hasPayload;

    private ChatRequestReader(ReadOnlyMemory<byte> body, RequestApi api)
    {
        _body = body;
        _api = api;
        // Tool schemas nest deeply; the depth only bounds a counter here, nothing recurses.
        _json = new Utf8JsonReader(body.Span, new JsonReaderOptions { MaxDepth = 512 });
    }

    /// <returns>Null and the chat request, or what is wrong with it.</returns>
    public static ApiError? Read(ReadOnlyMemory<byte> body, out ChatCompletionRequest? request) => Read(body, RequestApi.Chat, out request);

    /// <returns>Null and the request, or what is wrong with it.</returns>
    public static ApiError? Read(ReadOnlyMemory<byte> body, RequestApi api, out ChatCompletionRequest? request)
    {
        request = null;
        if (!Utf8.IsValid(body.Span))
            return BodyErrors.NotUtf8();
        try
        {
            return new ChatRequestReader(body, api).ReadObject(out request);
        }
        catch (JsonException problem)
        {
            return BodyErrors.At(problem);
        }
        catch (InvalidOperationException)
        {
            // The reader's word for a string with half a surrogate pair ("\ud83d").
            return BodyErrors.HalfCharacter();
        }
    }

    private ApiError? ReadObject(out ChatCompletionRequest? request)
    {
        request = null;
        if (!_json.Read() || _json.TokenType != JsonTokenType.StartObject)
            return BodyErrors.NotAnObject();

        while (_json.Read() && _json.TokenType == JsonTokenType.PropertyName)
        {
            var known = _api.FieldAt(in _json);
            _json.Read();
            if (known is not { } field)
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
            return BodyErrors.Missing("model");
        if (!_hasPayload)
            return BodyErrors.Missing(_api.PayloadName);
        request = new ChatCompletionRequest
        {
            Body = _body,
            Api = _api,
            Model = _model,
            Stream = _stream,
            MaxTokens = _maxCompletionTokens ?? _maxTokens,
            Choices = _choices * _prompts,
            User = _user,
            HasTemperature = _hasTemperature,
            Fields = _fields,
            ClosingBrace = closingBrace,
        };
        return null;
    }

    private ApiError? ReadField(ChatField field) => field switch
    {
        ChatField.Model => ReadName("model", out _model, required: true),
        ChatField.User => ReadName("user", out _user, required: false),
        ChatField.Messages => ReadMessages(),
        ChatField.Prompt => ReadTexts("prompt", out _prompts),
        ChatField.Input => ReadTexts("input", out _),
        ChatField.Stream => ReadStream(),
        ChatField.StreamOptions => ReadStreamOptions(),
        ChatField.MaxTokens => ReadCount("max_tokens", int.MaxValue, out _maxTokens),
        ChatField.MaxCompletionTokens => ReadCount("max_completion_tokens", int.MaxValue, out _maxCompletionTokens),
        ChatField.Choices => ReadChoices(),
        ChatField.Temperature => ReadTemperature(),
        ChatField.Tools or ChatField.ToolChoice or ChatField.Guided => Pass(),
        _ => throw new InvalidOperationException($"{field} is not read."),
    };

    // The engine's business; only where it stands matters.
    private ApiError? Pass()
    {
        _json.Skip();
        return null;
    }

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

        _hasPayload = true;
        return null;
    }

    // "text", ["text", …], [15496, 11, …] (one text as tokens) or [[15496], …]: /v1/completions and /v1/embeddings take the same four.
    private ApiError? ReadTexts(string field, out int count)
    {
        count = 1;
        _hasPayload = true;
        if (_json.TokenType == JsonTokenType.String)
            return null;
        if (_json.TokenType != JsonTokenType.StartArray)
            return Invalid(field, "must be a string, an array of strings, an array of tokens or an array of arrays of tokens");

        _json.Read();
        if (_json.TokenType == JsonTokenType.EndArray)
            return Invalid(field, "must not be empty");
        var kind = _json.TokenType;
        if (kind is not (JsonTokenType.String or JsonTokenType.Number or JsonTokenType.StartArray))
            return Invalid($"{field}[0]", "must be a string, a token or an array of tokens");
        var elements = 0;
        for (; _json.TokenType != JsonTokenType.EndArray; elements++, _json.Read())
        {
            if (_json.TokenType != kind)
                return Invalid($"{field}[{elements}]", "must be of the same kind as the elements before it");
            _json.Skip();
        }

        count = kind == JsonTokenType.Number ? 1 : elements;
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

    private static ApiError Invalid(string field, string fault) => BodyErrors.Invalid(field, fault);
}
