using Comox.Memory.Sessions;
using Comox.ServiceDefaults;
using Comox.ServiceDefaults.Clients;
using Comox.ServiceDefaults.Contracts.OpenAI;

namespace Comox.Memory.SuperPrompt;

/// <summary>What a client sent, sorted.</summary>
/// <param name="Dialogue">What the person and the character said, oldest first; the last is the person's new message.</param>
/// <param name="Instructions">The client's own system and developer messages.</param>
/// <param name="Ignored">Messages of other roles.</param>
internal sealed record SentMessages(IReadOnlyList<Utterance> Dialogue, IReadOnlyList<string> Instructions, int Ignored)
{
    public static ApiResult<SentMessages> Read(IReadOnlyList<ChatMessage> messages)
    {
        var dialogue = new List<Utterance>();
        var instructions = new List<string>();
        var ignored = 0;
        foreach (var message in messages)
        {
            // PostgreSQL stores no NUL.
            var content = (message.Content ?? "").Replace("\0", "", StringComparison.Ordinal);
            switch (message.Role)
            {
                case Utterance.User or Utterance.Assistant:
                    if (!string.IsNullOrWhiteSpace(content))
                        dialogue.Add(new Utterance(message.Role, content));
                    break;
                case "system" or "developer":
                    if (!string.IsNullOrWhiteSpace(content))
                        instructions.Add(content);
                    break;
                default:
                    ignored++;
                    break;
            }
        }

        if (dialogue.Count == 0 || !dialogue.Exists(turn => turn.IsUser))
            return Bad("messages contains nothing that the user says: add a message with the role user and some text.");
        return dialogue[^1].IsUser
            ? new SentMessages(dialogue, instructions, ignored)
            : Bad("the last message is the character's; a character answers the user, so the last message must have the role user.");
    }

    private static ApiError Bad(string message) => new(StatusCodes.Status400BadRequest, ErrorCodes.InvalidRequest, char.ToUpperInvariant(message[0]) + message[1..], "messages");
}
