using Comox.ServiceDefaults.Contracts.OpenAI;

namespace Comox.Gateway.Recall;

/// <summary>What the memory service made of a request to a character.</summary>
/// <param name="Session">Session the turn was stored in.</param>
/// <param name="ReplyTurn">Id under which the reply is recorded.</param>
/// <param name="Receipt">Id of the receipt.</param>
/// <param name="Messages">What the engine is sent.</param>
/// <param name="MaxReplyTokens">Ceiling for <c>max_tokens</c>.</param>
internal sealed record RecalledPrompt(string Session, string ReplyTurn, string Receipt, IReadOnlyList<ChatMessage> Messages, int MaxReplyTokens);
