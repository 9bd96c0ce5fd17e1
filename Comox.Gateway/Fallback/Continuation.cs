using Comox.Gateway.Backends;
using Comox.Gateway.Forwarding;
using Comox.Gateway.OpenAI;

namespace Comox.Gateway.Fallback;

/// <summary>
/// When an answer that broke in its middle may go on elsewhere: the other backend gets the same request with the words so far as a last message to be continued
/// (<c>continue_final_message</c>), so the system prompt stays byte for byte what it was.
/// <para>Not for several choices, tool calls, thinking, or output that a grammar or schema guides: their state is more than the words that were sent.</para>
/// </summary>
internal static class Continuation
{
    /// <summary>Begins to keep the words, where anybody could go on with them.</summary>
    public static void Prepare(Exchange exchange)
    {
        if (exchange.Request.Stream && IsAllowed(exchange) && HasSuccessor(exchange))
            exchange.Progress.Text ??= new ReplyText();
    }

    public static bool IsPossible(Exchange exchange) =>
        IsAllowed(exchange) && exchange.Request.Stream && exchange.Reply is { HasToolCall: false, HasReasoning: false } && exchange.Progress is { HasFinished: false, Text.IsCut: false };

    private static bool IsAllowed(Exchange exchange) =>
        exchange.Route.Options.Continue && exchange.Request is { Choices: 1, Api.Kind: RequestApiKind.Chat } request && !request.Has(ChatField.Guided);

    // Whoever begins, somebody else must be able to go on.
    private static bool HasSuccessor(Exchange exchange)
    {
        var (all, capable) = (0, 0);
        foreach (var pool in exchange.Route.Pools)
        {
            foreach (var backend in pool.Ready)
            {
                all++;
                capable += BackendKinds.CanContinue(backend.Kind) ? 1 : 0;
            }
        }

        return all > 1 && capable > 0;
    }
}
