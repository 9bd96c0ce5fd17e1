using System.Text.RegularExpressions;
using Comox.Memory.Storage;
using Microsoft.EntityFrameworkCore;

namespace Comox.Memory.Sessions;

/// <summary>
/// Calls that a client makes on its own account, to have a chat titled, tagged or continued: the person did not say them. They are answered, and kept under a
/// subject that no caller can name, so that no list, recall or fact of the person has them.
/// </summary>
internal static partial class BackgroundCalls
{
    // A subject that comes from outside has no control characters.
    private const string Mark = "\u0001background";

    // A repeated request gets the answer that it got.
    private static readonly TimeSpan Kept = TimeSpan.FromHours(1);

    // Open WebUI's tasks, and its choice of tools, as it is and as it was; LibreChat's two ways to have a chat titled.
    private static readonly string[] Beginnings =
        ["### Task:", "History:", "Query: History:", "Provide a concise, 5-word-or-less title for the conversation", "Analyze this conversation and provide:"];

    /// <summary>One message that begins with a client's own words for a task, and has the chat as a quotation.</summary>
    public static bool Is(IReadOnlyList<Utterance> dialogue) =>
        dialogue is [{ IsUser: true } only]
        && Array.Exists(Beginnings, beginning => only.Content.AsSpan().TrimStart().StartsWith(beginning, StringComparison.Ordinal))
        && (only.Content.Contains("<chat_history>", StringComparison.Ordinal) || QuotesChat(only.Content));

    /// <summary>Each is a session of its own, and answered within minutes: the next one of the same person and character takes the old ones along.</summary>
    public static Task<int> ForgetOldAsync(MemoryDb db, SessionRow newest, CancellationToken cancellation)
    {
        var old = newest.CreatedAt - Kept;
        return db.Sessions.Where(session => session.Subject == newest.Subject && session.CharacterId == newest.CharacterId && session.UpdatedAt < old).ExecuteDeleteAsync(cancellation);
    }

    /// <summary>In a query.</summary>
    public static IQueryable<SessionRow> Without(IQueryable<SessionRow> sessions) => sessions.Where(session => !session.Subject.EndsWith(Mark));

    public static string SubjectFor(string person) => person + Mark;

    public static bool IsSubject(string subject) => subject.EndsWith(Mark, StringComparison.Ordinal);

    /// <summary>The person in whose chat the call was made.</summary>
    public static string PersonOf(string subject) => IsSubject(subject) ? subject[..^Mark.Length] : subject;

    /// <summary>Whether a message has a transcript in it: its "I" may then be anyone's.</summary>
    public static bool QuotesChat(string content) =>
        Quotation().Matches(content).Any(quotation => Speaker().IsMatch(quotation.Value)) || (Person().IsMatch(content) && Character().IsMatch(content));

    [GeneratedRegex("<chat_history>.*?(?:</chat_history>|$)", RegexOptions.Singleline)]
    private static partial Regex Quotation();

    [GeneratedRegex("^[ \t]*(?:<chat_history>[ \t]*)?(?:USER|ASSISTANT):", RegexOptions.Multiline)]
    private static partial Regex Speaker();

    [GeneratedRegex("^[ \t]*(?:USER|User|Human):", RegexOptions.Multiline)]
    private static partial Regex Person();

    [GeneratedRegex("^[ \t]*(?:ASSISTANT|Assistant|AI):", RegexOptions.Multiline)]
    private static partial Regex Character();
}
