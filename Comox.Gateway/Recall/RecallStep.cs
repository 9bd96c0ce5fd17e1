using System.Buffers;
using Comox.Gateway.Forwarding;
using Comox.ServiceDefaults;
using Comox.ServiceDefaults.Clients;
using Comox.ServiceDefaults.Contracts.Memory;
using Comox.ServiceDefaults.Contracts.OpenAI;
using Microsoft.Extensions.Options;

namespace Comox.Gateway.Recall;

/// <summary>
/// Only for characters: the memory service stores what the person said and answers with the super-prompt. Without it there is no answer: a
/// character without its identity is not that character.
/// </summary>
internal sealed class RecallStep(IHttpClientFactory clients, ReplyHandover handover, IOptions<GatewayOptions> options, TimeProvider time, ILogger<RecallStep> logger) : IChatStep
{
    private const int MaxSessionLength = 80;
    private const string ReceiptPath = "/memory/receipts/";
    private static readonly SearchValues<char> SessionCharacters =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");

    private readonly OpenConversations _open = new();

    public async ValueTask<ForwardError?> InvokeAsync(Exchange exchange, ChatHandler next)
    {
        if (exchange.Route.Character is not { } character)
            return await next(exchange);

        var session = exchange.Http.Request.Headers[GatewayChatClient.SessionHeader].ToString() is { Length: > 0 } named ? named : null;
        if (session is not null && (session.Length > MaxSessionLength || session.AsSpan().ContainsAnyExcept(SessionCharacters)))
            return Refuse(StatusCodes.Status400BadRequest, ErrorCodes.InvalidRequest, "The header X-Comox-Session must be the id of a session, such as ses_0193….");
        if (TranscriptReader.Read(exchange.Request.Messages.Span, out var messages) is { } unreadable)
            return new ForwardError(ForwardPlace.Request, unreadable);

        // The prompt must see the reply before, which may still be on its way from the outbox.
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(exchange.Aborted, exchange.Stopped);
        if (session is not null && !await handover.WaitForAsync(session, options.Value.PendingReplyWait, ended.Token))
            RecallLog.RepliesStillPending(logger, session);

        var subject = SubjectOf(exchange);
        using var open = session is null ? _open.Enter(subject, character, exchange.Request.Messages.Span) : null;
        if (open is { IsAnother: true })
            await open.FirstIsPlaced.WaitAsync(ended.Token);
        var assembled = await AssembleAsync(new SuperPromptRequest
        {
            RequestId = exchange.Id,
            Character = character,
            Subject = subject,
            Session = session,
            Messages = messages,
            IsAnother = open is { IsAnother: true },
            WholeTranscript = exchange.Http.Request.Headers[GatewayChatClient.TranscriptHeader] == GatewayChatClient.WholeTranscript,
            AllNew = exchange.Place is not null,
            After = exchange.Place?.After,
            Model = exchange.Route.Model,
            Profile = exchange.Route.Profile,
        }, ended.Token);
        open?.Placed();
        if (assembled.Error is { } failure)
            return new ForwardError(ForwardPlace.Memory, Translate(failure, exchange));

        var prompt = assembled.Value!;
        exchange.Recalled = new RecalledPrompt(prompt.Session, prompt.ReplyTurn, prompt.Receipt, prompt.Messages, prompt.MaxReplyTokens);
        // Set before anything is committed, so that an engine's error names the session too: the person's turn is in it.
        exchange.Http.Response.Headers[GatewayChatClient.SessionHeader] = prompt.Session;
        exchange.Http.Response.Headers[GatewayChatClient.ReceiptHeader] = ReceiptPath + prompt.Receipt;
        return await AnswerAsync(exchange, next);
    }

    /// <summary>A whole reply is handed over by the pump, before the client sees its end; a reply that was cut is handed over here, when no attempt is left.</summary>
    private async ValueTask<ForwardError?> AnswerAsync(Exchange exchange, ChatHandler next)
    {
        exchange.Recorder = new ReplyRecorder(exchange, handover);
        exchange.Progress.Text = new ReplyText();
        exchange.Progress.HoldsFinish = true;
        ForwardError? error = null;
        ForwardError? lost = null;
        try
        {
            error = await next(exchange);
        }
        finally
        {
            if (exchange.Recorder.IsPending)
            {
                var reason = error is null && exchange.Aborted.IsCancellationRequested ? ReplyRecorder.Cancelled : ReplyRecorder.Error;
                exchange.Reply.FinishReason = reason;
                // Of an answer that is not streamed the client has nothing, and its own retry would say the message twice.
                lost = await exchange.Recorder.HandOverAsync(exchange.Request.Stream ? reason : RecordedReply.Unseen);
            }
        }

        return lost ?? error;
    }

    /// <summary>The caller, or whom it names; a caller whose key is in the settings names people of its own, and none of another's.</summary>
    private static string SubjectOf(Exchange exchange)
    {
        var caller = exchange.Http.User;
        return exchange.Request.User is not { } user ? caller.CallerName() : caller.IsInRole(ServiceAuthentication.CallerRole) ? $"{caller.CallerName()}:{user}" : user;
    }

    private async Task<ApiResult<SuperPromptResponse>> AssembleAsync(SuperPromptRequest request, CancellationToken cancellation)
    {
        using var deadline = new CancellationTokenSource(options.Value.RecallTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellation);
        try
        {
            return await new MemoryClient(clients.CreateClient(ServiceClients.PatientMemory)).AssembleAsync(request, either.Token);
        }
        catch (OperationCanceledException) when (deadline.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            return MemoryUnavailable($"did not answer within {options.Value.RecallTimeout}");
        }
    }

    private static ApiError Translate(ApiError failure, Exchange exchange) => failure.Code switch
    {
        ErrorCodes.CharacterNotFound => new ApiError(
            StatusCodes.Status404NotFound,
            ErrorCodes.ModelNotFound,
            $"The model '{exchange.Request.Model}' does not exist: there is no such character. GET /v1/models lists the characters; POST /memory/characters imports one.",
            "model"),
        // A client of the Responses API knows neither sessions nor turns.
        ErrorCodes.TurnNotFound when exchange.Place is not null => new ApiError(failure.Status, failure.Code, "There is no such response; go on with its 'conversation' instead.", "previous_response_id"),
        _ when failure.Param == "session" && exchange.Place is { } place => new ApiError(
            failure.Status,
            failure.Code,
            failure.Code == ErrorCodes.SessionNotFound
                ? "There is no such conversation any more, or it is another person's. Leave the field out to begin a new one." : "That is a conversation with another character. Leave the field out to begin a new one.",
            place.After is null ? "conversation" : "previous_response_id"),
        // The client knows the person by another name.
        _ when failure.Param == "subject" => new ApiError(failure.Status, failure.Code, $"The field 'user' names the person that the character talks with: {failure.Message}", "user"),
        // 401 and 403 are between us and the memory service: the client's key was right.
        _ when failure.Status is StatusCodes.Status401Unauthorized or StatusCodes.Status403Forbidden => MemoryUnavailable("refuses the service key"),
        _ when failure.Status >= 500 => MemoryUnavailable($"cannot answer: {failure.Message.TrimEnd('.')}"),
        _ => failure,
    };

    internal static ApiError MemoryUnavailable(string how) => new(
        StatusCodes.Status503ServiceUnavailable,
        ErrorCodes.MemoryUnavailable,
        $"The memory service {how}. A character does not speak without its memory; try again, or use a plain model.")
    {
        RetryAfter = 2,
    };

    private static ForwardError Refuse(int status, string code, string message) => new(ForwardPlace.Request, new ApiError(status, code, message, GatewayChatClient.SessionHeader));
}
