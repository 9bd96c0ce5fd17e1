using System.Buffers;
using System.Security.Cryptography;
using System.Text;

namespace Comox.Memory.Sessions;

/// <summary>One message of a conversation, as a client sends it.</summary>
internal readonly record struct Utterance(string Role, string Content)
{
    public const string User = "user";
    public const string Assistant = "assistant";

    public bool IsUser => Role == User;

    /// <summary>Whether both say the same: clients trim, and turn line ends, as they please.</summary>
    public bool Says(string role, string content) => Role == role && TurnChain.Normal(Content) == TurnChain.Normal(content);
}

/// <summary>
/// A digest of a whole path of turns: <c>chain(n) = SHA-256(chain(n-1), role, content)</c>. To find where a transcript that a client sends belongs is then
/// one look into an index, however long it is.
/// </summary>
internal static class TurnChain
{
    /// <summary>The chain of the empty path.</summary>
    public const string Root = "";

    public static string Next(string parent, Utterance turn) => Next(parent, turn.Role, turn.Content);

    public static string Next(string parent, string role, string content)
    {
        // The separators cannot occur in a chain or a role, so no two paths share their bytes.
        var text = $"{parent}\n{role}\n{Normal(content)}";
        var buffer = ArrayPool<byte>.Shared.Rent(Encoding.UTF8.GetMaxByteCount(text.Length));
        try
        {
            return Convert.ToHexStringLower(SHA256.HashData(buffer.AsSpan(0, Encoding.UTF8.GetBytes(text, buffer))));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer, clearArray: true);
        }
    }

    /// <summary>The chains after each of the turns.</summary>
    public static IReadOnlyList<string> Of(IEnumerable<Utterance> turns, string start = Root)
    {
        var chains = new List<string>();
        foreach (var turn in turns)
            chains.Add(start = Next(start, turn));
        return chains;
    }

    public static string Normal(string content) => content.ReplaceLineEndings("\n").Trim();
}
