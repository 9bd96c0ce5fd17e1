using Comox.Gateway.Forwarding;
using Comox.ServiceDefaults;
using Comox.ServiceDefaults.Contracts.Memory;
using Comox.ServiceDefaults.Contracts.OpenAI;

namespace Comox.Gateway.Recall;

/// <summary>Hands what a character says over to memory, once.</summary>
internal sealed class ReplyRecorder(Exchange exchange, ReplyHandover handover)
{
    /// <summary>Finish reasons of our own: the client left, the engine broke off.</summary>
    public const string Cancelled = "cancelled";
    public const string Error = "error";

    private bool _handedOver;

    /// <summary>Whether there is a reply that is not durable yet.</summary>
    public bool IsPending => !_handedOver;

    /// <summary>Makes the reply durable. A reply that was cut before its first word is no turn.</summary>
    public async ValueTask<ForwardError?> HandOverAsync(string finishReason)
    {
        if (!IsPending)
            return null;
        _handedOver = true;
        var text = exchange.Progress.Text!;
        if (text.IsEmpty && finishReason is (Cancelled or Error or RecordedReply.Unseen))
            return null;

        var recalled = exchange.Recalled!;
        var reply = new RecordedReply { Content = text.ToString(), FinishReason = finishReason, Model = exchange.Route.Model, Receipt = recalled.Receipt };
        return await handover.AddAsync(new PendingReply(recalled.Session, recalled.ReplyTurn, reply))
            ? null
            : new ForwardError(ForwardPlace.Storage, new ApiError(
                StatusCodes.Status500InternalServerError,
                ErrorCodes.StorageFailed,
                "The reply could not be stored. Check the disk of the data folder (COMOX_HOME/gateway) and the gateway's log."));
    }
}
