using System.Buffers;
using System.Text.Json;
using System.Text.Unicode;
using Comox.Gateway.Forwarding;
using Comox.ServiceDefaults.Contracts.OpenAI;

namespace Comox.Gateway.OpenAI.Responses;

/// <summary>
/// An answer as OpenAI's Responses API words it (https://platform.openai.com/docs/api-reference/responses-streaming). A stream ends with
/// <c>response.completed</c>, <c>response.incomplete</c> or <c>response.failed</c>; this API has no <c>[DONE]</c>.
/// <para>The unstreamed answer is made of the same steps with nobody listening to the events, so that the two cannot differ.</para>
/// </summary>
/// <param name="echo">What the answer repeats of the request.</param>
/// <param name="id"><c>resp_…</c>; the ids of its items follow from it.</param>
/// <param name="created">Unix seconds.</param>
internal sealed class ResponsesDialect(ResponsesEcho echo, string id, long created) : IClientDialect
{
    private readonly ResponseEvents _events = new();
    private ResponseOutput? _output;
    private ResponseOutcome? _outcome;
    private ChatUsage? _usage;
    private bool _begun;

    private ResponseOutput Output => _output ??= new ResponseOutput(id[(id.IndexOf('_', StringComparison.Ordinal) + 1)..], _events);

    public void WriteChunk(ReadOnlySpan<byte> chunk, IBufferWriter<byte> output)
    {
        _events.Output = output;
        Begin();
        Take(chunk);
    }

    public void WriteEnd(IBufferWriter<byte> output)
    {
        _events.Output = output;
        Begin();
        Finish(ResponseOutcome.Of(finishReason: null));
        WriteEvent(_outcome!);
    }

    /// <summary>An <c>error</c> event says why to clients that look for it, and <c>response.failed</c> ends the response with what there is of it.</summary>
    public void WriteStreamError(ApiErrorDetail error, IBufferWriter<byte> output)
    {
        // What is open was cut, not done: it stands in the failed response and no event says otherwise.
        _events.Output = null;
        if (_outcome is null)
            Output.Break();
        _outcome = ResponseOutcome.Of(error);

        _events.Output = output;
        Begin();
        _events.Begin("error"u8);
        _events.Write(",\"code\":"u8);
        WriteText(error.Code, output);
        _events.Write(",\"message\":"u8);
        WriteText(error.Message, output);
        _events.Write(",\"param\":"u8);
        WriteText(error.Param, output);
        _events.End();
        WriteEvent(_outcome);
    }

    public void WriteWhole(ReadOnlyMemory<byte> completion, IBufferWriter<byte> output)
    {
        _events.Output = null;
        Take(completion.Span);
        Finish(ResponseOutcome.Of(finishReason: null));
        WriteResponse(_outcome!, output);
    }

    public void WriteError(int status, ApiErrorDetail error, IBufferWriter<byte> output)
    {
        using var json = new Utf8JsonWriter(output);
        JsonSerializer.Serialize(json, new ApiErrorBody(error), OpenAIJson.Default.ApiErrorBody);
    }

    private void Begin()
    {
        if (_begun)
            return;
        _begun = true;
        WriteEvent(ResponseOutcome.InProgress, "response.created"u8);
        WriteEvent(ResponseOutcome.InProgress);
    }

    private void Take(ReadOnlySpan<byte> chunk)
    {
        var delta = ChatDelta.Read(Whole(chunk));
        _usage = delta.Usage ?? _usage;
        if (_outcome is not null)
            return;
        Output.Add(in delta);
        if (delta.FinishReason is { } reason)
            Finish(ResponseOutcome.Of(reason));
    }

    private void Finish(ResponseOutcome outcome)
    {
        if (_outcome is not null)
            return;
        _outcome = outcome;
        Output.Finish(outcome.IsComplete);
    }

    // Half a character would make the joined text, and the whole last event with it, unreadable. Nearly no chunk holds one, so nearly none is copied.
    private static ReadOnlySpan<byte> Whole(ReadOnlySpan<byte> chunk) =>
        Utf8.IsValid(chunk) && chunk.IndexOf("\\ud"u8) < 0 && chunk.IndexOf("\\uD"u8) < 0 ? chunk : WholeCharacters.In(chunk.ToArray()).Span;

    private void WriteEvent(ResponseOutcome outcome) => WriteEvent(outcome, outcome.EventName.EncodedUtf8Bytes);

    private void WriteEvent(ResponseOutcome outcome, ReadOnlySpan<byte> type)
    {
        _events.Begin(type);
        _events.Write(",\"response\":"u8);
        WriteResponse(outcome, _events.Output!);
        _events.End();
    }

    private void WriteResponse(ResponseOutcome outcome, IBufferWriter<byte> output)
    {
        output.Write("{\"id\":"u8);
        WriteText(id, output);
        output.Write(",\"object\":\"response\",\"created_at\":"u8);
        output.WriteNumber(created);
        output.Write(",\"status\":"u8);
        WriteText(outcome.Status, output);
        output.Write(",\"error\":"u8);
        if (outcome.Error is { } error)
        {
            output.Write("{\"code\":"u8);
            WriteText(error.Code, output);
            output.Write(",\"message\":"u8);
            WriteText(error.Message, output);
            output.Write("}"u8);
        }
        else
        {
            output.Write("null"u8);
        }

        WriteWrapped(",\"incomplete_details\":"u8, "{\"reason\":"u8, outcome.IncompleteReason, output);
        output.Write(",\"model\":"u8);
        output.Write(echo.Model.Span);
        WriteWrapped(",\"conversation\":"u8, "{\"id\":"u8, echo.Conversation, output);
        output.Write(",\"output\":"u8);
        if (outcome == ResponseOutcome.InProgress)
            output.Write("[]"u8);
        else
            Output.WriteTo(output);
        output.Write(",\"usage\":"u8);
        WriteUsage(outcome, output);
        output.Write(echo.Fields.Span);
        output.Write("}"u8);
    }

    private void WriteUsage(ResponseOutcome outcome, IBufferWriter<byte> output)
    {
        if (_usage is not { } usage || outcome == ResponseOutcome.InProgress)
        {
            output.Write("null"u8);
            return;
        }

        using var json = new Utf8JsonWriter(output);
        usage.WriteTo(json);
    }

    private static void WriteWrapped(ReadOnlySpan<byte> name, ReadOnlySpan<byte> opening, string? text, IBufferWriter<byte> output)
    {
        output.Write(name);
        if (text is not null)
            output.Write(opening);
        WriteText(text, output);
        if (text is not null)
            output.Write("}"u8);
    }

    private static void WriteText(string? text, IBufferWriter<byte> output)
    {
        if (text is null)
        {
            output.Write("null"u8);
            return;
        }

        output.Write("\""u8);
        output.Write(JsonEncodedText.Encode(text).EncodedUtf8Bytes);
        output.Write("\""u8);
    }
}
