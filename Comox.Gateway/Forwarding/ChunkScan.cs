using System.Text.Json;

namespace Comox.Gateway.Forwarding;

/// <summary>
/// The few facts the gateway needs of one <c>chat.completion.chunk</c>, read in one pass without a DOM:
/// <code>{"choices":[{"finish_reason":null,"index":0,"delta":{"content":"Hi"}}],"created":1,"id":"chatcmpl-1","model":"m","object":"chat.completion.chunk"}</code>
/// A whole answer is read the same way: it has <c>message</c> in the place of <c>delta</c>.
/// </summary>
internal ref struct ChunkScan
{
    /// <summary>How deep an event may nest, for everyone who reads it.</summary>
    public const int MaxDepth = 512;

    private const int MaxIdentityLength = 256;

    private readonly ReplyText? _reply;
    private int _choices;
    private int _texts;
    private bool _keptContent;
    private readonly bool _identity;
    private Utf8JsonReader _json;

    private ChunkScan(ReadOnlySpan<byte> data, ReplyText? reply, bool identity)
    {
        _identity = identity;
        _json = new Utf8JsonReader(data, new JsonReaderOptions { MaxDepth = MaxDepth });
        _reply = reply;
    }

    /// <summary>It is a JSON object.</summary>
    public bool IsValid { get; private set; }

    /// <summary>It is <c>{"error":…}</c>: the engine gives up.</summary>
    public bool IsError { get; private set; }

    /// <summary>It brings text, reasoning, a tool call or an end, and not only a role or nothing.</summary>
    public bool HasToken { get; private set; }

    /// <summary>It brings text, reasoning or a part of a tool call.</summary>
    public bool HasText { get; private set; }

    public bool HasToolCall { get; private set; }

    /// <summary>It brings thoughts, which are no part of the answer's text.</summary>
    public bool HasReasoning { get; private set; }

    /// <summary>It has no choice and tells what the answer has cost.</summary>
    public bool IsUsageOnly => PromptTokens is not null && _choices == 0;

    /// <summary>
    /// It holds one piece of text for choice 0 and nothing else that matters, so that an event which differs in this piece alone says the same with another word.
    /// </summary>
    public bool IsPlainText => HasText && _choices == 1 && _texts == 1 && Finished == 0 && PromptTokens is null && !HasToolCall && !HasReasoning && _keptContent;

    /// <summary>The text of <see cref="IsPlainText"/>, escaped, inside the event's data.</summary>
    public ReadOnlySpan<byte> Content { get; private set; }

    /// <summary>How many choices end with it.</summary>
    public int Finished { get; private set; }

    /// <summary>Why choice 0 ends, if it does.</summary>
    public string? FinishReason { get; private set; }

    public int? PromptTokens { get; private set; }
    public int? CompletionTokens { get; private set; }
    public int? CachedTokens { get; private set; }
    public int? ReasoningTokens { get; private set; }

    /// <summary>The engine's id of the answer and name of the model; null unless asked for.</summary>
    public string? Id { get; private set; }
    public string? Model { get; private set; }
    public long? Created { get; private set; }

    /// <param name="data">The event's data.</param>
    /// <param name="reply">Takes the content of choice 0; null where nobody asks for it.</param>
    /// <param name="identity">Whether to read <see cref="Id"/> and <see cref="Model"/>, which are the same in every event of an answer.</param>
    public static ChunkScan Read(ReadOnlySpan<byte> data, ReplyText? reply, bool identity = false)
    {
        var scan = new ChunkScan(data, reply, identity);
        try
        {
            scan.ReadChunk();
        }
        catch (JsonException)
        {
            scan.IsValid = false;
        }
        catch (InvalidOperationException)
        {
            // The reader's word for a key with half a surrogate pair ("\ud83d"); values are read by StringOrNull.
            scan.IsValid = false;
        }

        return scan;
    }

    private void ReadChunk()
    {
        if (!_json.Read() || _json.TokenType != JsonTokenType.StartObject)
            return;
        while (_json.Read() && _json.TokenType == JsonTokenType.PropertyName)
        {
            if (_json.ValueTextEquals("choices"u8))
                ReadChoices();
            else if (_json.ValueTextEquals("usage"u8))
                ReadUsage();
            else if (_json.ValueTextEquals("error"u8))
                IsError |= ReadIsPresent();
            else if (_identity && _json.ValueTextEquals("id"u8))
                Id = ReadIdentity();
            else if (_identity && _json.ValueTextEquals("model"u8))
                Model = ReadIdentity();
            else if (_identity && _json.ValueTextEquals("created"u8))
                Created = ReadCreated();
            else
                SkipValue();
        }

        _json.Read(); // Throws where anything follows the object.
        IsValid = true;
    }

    private void ReadChoices()
    {
        _json.Read();
        if (_json.TokenType != JsonTokenType.StartArray)
        {
            _json.Skip();
            return;
        }

        while (_json.Read() && _json.TokenType != JsonTokenType.EndArray)
        {
            _choices++;
            if (_json.TokenType == JsonTokenType.StartObject)
                ReadChoice();
            else
                _json.Skip();
        }
    }

    // "index" may stand behind "delta", so the text waits until the whole choice is read.
    private void ReadChoice()
    {
        var index = 0;
        ReadOnlySpan<byte> content = default;
        string? finish = null;
        while (_json.Read() && _json.TokenType == JsonTokenType.PropertyName)
        {
            if (_json.ValueTextEquals("index"u8))
            {
                _json.Read();
                if (_json.TokenType != JsonTokenType.Number || !_json.TryGetInt32(out index))
                    _json.Skip();
            }
            else if (_json.ValueTextEquals("finish_reason"u8))
            {
                _json.Read();
                finish = StringOrNull();
            }
            else if (_json.ValueTextEquals("delta"u8) || _json.ValueTextEquals("message"u8))
            {
                // Whoever sends both, one of them null or empty, has said what the other says.
                content = ReadDelta() is { IsEmpty: false } said ? said : content;
            }
            else if (_json.ValueTextEquals("text"u8))
            {
                content = ReadText();
            }
            else
            {
                SkipValue();
            }
        }

        if (finish is not null)
        {
            HasToken = true;
            Finished++;
        }

        if (index != 0)
            return;
        FinishReason = finish ?? FinishReason;
        if (content.IsEmpty)
            return;
        Content = content;
        _keptContent = true;
        _reply?.Append(content);
    }

    // {"index":0,"text":"Hi"}: the completions of before there were chats.
    private ReadOnlySpan<byte> ReadText()
    {
        _json.Read();
        if (_json.TokenType != JsonTokenType.String)
        {
            _json.Skip();
            return default;
        }

        HasToken |= HasText |= !_json.ValueSpan.IsEmpty;
        _texts++;
        return _json.ValueSpan;
    }

    private ReadOnlySpan<byte> ReadDelta()
    {
        ReadOnlySpan<byte> content = default;
        _json.Read();
        if (_json.TokenType != JsonTokenType.StartObject)
        {
            _json.Skip();
            return default;
        }

        while (_json.Read() && _json.TokenType == JsonTokenType.PropertyName)
        {
            var isContent = _json.ValueTextEquals("content"u8);
            var isRole = !isContent && _json.ValueTextEquals("role"u8);
            var isTools = !isContent && !isRole && _json.ValueTextEquals("tool_calls"u8);
            _json.Read();
            var says = !isRole && _json.TokenType switch
            {
                JsonTokenType.String => !_json.ValueSpan.IsEmpty,
                JsonTokenType.StartArray or JsonTokenType.StartObject => true,
                _ => false,
            };
            HasText |= says;
            _texts += says ? 1 : 0;
            HasToolCall |= isTools && _json.TokenType == JsonTokenType.StartArray;
            HasReasoning |= !isContent && !isRole && !isTools && _json.TokenType == JsonTokenType.String && !_json.ValueSpan.IsEmpty;
            if (isContent && _json.TokenType == JsonTokenType.String)
                content = _json.ValueSpan;
            _json.Skip();
        }

        HasToken |= HasText;
        return content;
    }

    private void ReadUsage()
    {
        _json.Read();
        if (_json.TokenType != JsonTokenType.StartObject)
        {
            _json.Skip();
            return;
        }

        while (_json.Read() && _json.TokenType == JsonTokenType.PropertyName)
        {
            if (_json.ValueTextEquals("prompt_tokens"u8))
                PromptTokens = ReadCount() ?? PromptTokens;
            else if (_json.ValueTextEquals("completion_tokens"u8))
                CompletionTokens = ReadCount() ?? CompletionTokens;
            else if (_json.ValueTextEquals("prompt_tokens_details"u8))
                CachedTokens = ReadCountIn("cached_tokens"u8) ?? CachedTokens;
            else if (_json.ValueTextEquals("completion_tokens_details"u8))
                ReasoningTokens = ReadCountIn("reasoning_tokens"u8) ?? ReasoningTokens;
            else
                SkipValue();
        }
    }

    private int? ReadCount()
    {
        _json.Read();
        if (_json.TokenType == JsonTokenType.Number && _json.TryGetInt32(out var tokens) && tokens >= 0)
            return tokens;
        _json.Skip();
        return null;
    }

    // {"cached_tokens":52}, or null from engines that do not know.
    private int? ReadCountIn(ReadOnlySpan<byte> name)
    {
        _json.Read();
        if (_json.TokenType != JsonTokenType.StartObject)
        {
            _json.Skip();
            return null;
        }

        int? count = null;
        while (_json.Read() && _json.TokenType == JsonTokenType.PropertyName)
        {
            if (_json.ValueTextEquals(name))
                count = ReadCount() ?? count;
            else
                SkipValue();
        }

        return count;
    }

    private long? ReadCreated()
    {
        _json.Read();
        if (_json.TokenType == JsonTokenType.Number && _json.TryGetInt64(out var seconds))
            return seconds;
        _json.Skip();
        return null;
    }

    private string? ReadIdentity()
    {
        _json.Read();
        if (_json.TokenType == JsonTokenType.String && _json.ValueSpan.Length <= MaxIdentityLength)
            return StringOrNull();
        _json.Skip();
        return null;
    }

    private bool ReadIsPresent()
    {
        _json.Read();
        var present = _json.TokenType != JsonTokenType.Null;
        _json.Skip();
        return present;
    }

    private void SkipValue()
    {
        _json.Read();
        _json.Skip();
    }

    private readonly string? StringOrNull()
    {
        if (_json.TokenType != JsonTokenType.String)
            return null;
        try
        {
            return _json.GetString();
        }
        catch (InvalidOperationException)
        {
            // Half a surrogate pair in an escape, or bytes that are no UTF-8: some engines split a character between two tokens.
            return "\uFFFD";
        }
    }
}
