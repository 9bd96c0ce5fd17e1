using Comox.Gateway.Forwarding;
using Comox.ServiceDefaults;
using Comox.ServiceDefaults.Contracts.Memory;
using Comox.ServiceDefaults.Contracts.OpenAI;

namespace Comox.Gateway.Recall;

/// <summary>Collects what a character says and hands it over once. For a plain model it does nothing.</summary>
internal sealed class ReplyRecorder(Exchange exchange, ReplyHandover handover)
{
    /// <summary>Finish reasons of our own: the client left, the engine broke off.</summary>
    public const string Cancelled = "cancelled";
    public const string Error = "error";

    private bool _handedOver;

    /// <summary>Takes the reply's text; null where nobody keeps it.</summary>
    public ReplyText? Text { get; } = exchange.Reply.Captured ?? (exchange.Recalled is null ? null : new ReplyText());

    /// <summary>Whether there is a reply that is not durable yet.</summary>
    public bool IsPending => exchange.Recalled is not null && !_handedOver;

    /// <summary>Makes the reply durable. A reply that was cut before its first word is no turn.</summary>
    public async ValueTask<ForwardError?> HandOverAsync(string finishReason)
    {
        if (!IsPending)
            return null;
        _handedOver = true;
        if (Text!.IsEmpty && finishReason is (Cancelled or Error))
            return null;

        var recalled = exchange.Recalled!;
        var reply = new RecordedReply { Content = Text.ToString(), FinishReason = finishReason, Model = exchange.Route.Model, Receipt = recalled.Receipt };
        return await handover.AddAsync(new PendingReply(recalled.Session, recalled.ReplyTurn, reply))
            ? null
            : new ForwardError(ForwardPlace.Storage, new ApiError(
                StatusCodes.Status500InternalServerError,
                ErrorCodes.StorageFailed,
                "The reply could not be stored. Check the disk of the data folder (COMOX_HOME/gateway) and the gateway's log."));
    }
}
