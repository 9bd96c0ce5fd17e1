using System.Buffers;
using System.Buffers.Binary;
using System.Buffers.Text;
using System.Numerics;
using Comox.ServiceDefaults;

namespace Comox.Gateway.OpenAI.Responses;

/// <summary>
/// The ids by which a client goes on with a character's conversation. A response id carries its session and its turn, so nobody has to remember it:
/// <code>
/// ses_01938e0c5d4b7c0a9f1e2d3c4b5a6978 + trn_01938e0c5d4b7c0a9f1e2d3c4b5a6979 = resp_ + base64url(16 bytes, 16 bytes, checksum of both)
/// ses_01938e0c5d4b7c0a9f1e2d3c4b5a6978 = conv_01938e0c5d4b7c0a9f1e2d3c4b5a6978
/// </code>
/// The checksum finds an id that was cut or mistyped; it guards nothing. Who may enter a session is for the memory service to say.
/// </summary>
internal static class ResponseIds
{
    private const string ResponsePrefix = "resp_";
    private const string ConversationPrefix = "conv_";
    private const string SessionPrefix = "ses_";
    private const string TurnPrefix = "trn_";
    private const int IdBytes = 16;
    private const int PayloadBytes = (2 * IdBytes) + sizeof(uint);
    private const int PayloadCharacters = PayloadBytes * 4 / 3;

    // Other contents need another seed, so that ids of an older kind are refused and not misread.
    private const uint ChecksumSeed = 0x52_45_53_31;

    /// <returns>The response's id, or null where one of the two is not an id of ours.</returns>
    public static string? Encode(string session, string turn)
    {
        Span<byte> payload = stackalloc byte[PayloadBytes];
        if (!TryGetBytes(session, SessionPrefix, payload[..IdBytes]) || !TryGetBytes(turn, TurnPrefix, payload[IdBytes..]))
            return null;
        BinaryPrimitives.WriteUInt32BigEndian(payload[(2 * IdBytes)..], Checksum(payload[..(2 * IdBytes)]));
        return ResponsePrefix + Base64Url.EncodeToString(payload);
    }

    public static bool TryDecode(string id, out string session, out string turn)
    {
        (session, turn) = ("", "");
        Span<byte> payload = stackalloc byte[PayloadBytes];
        if (!id.StartsWith(ResponsePrefix, StringComparison.Ordinal) || id.Length != ResponsePrefix.Length + PayloadCharacters)
            return false;
        // The decoder skips white space, so that fewer bytes may come than the length promises.
        if (Base64Url.DecodeFromChars(id.AsSpan(ResponsePrefix.Length), payload, out _, out var written) != OperationStatus.Done || written != PayloadBytes)
            return false;
        if (BinaryPrimitives.ReadUInt32BigEndian(payload[(2 * IdBytes)..]) != Checksum(payload[..(2 * IdBytes)]))
            return false;
        session = SessionPrefix + Convert.ToHexStringLower(payload[..IdBytes]);
        turn = TurnPrefix + Convert.ToHexStringLower(payload[IdBytes..(2 * IdBytes)]);
        return true;
    }

    /// <returns>The conversation's id, or null where the session is not an id of ours.</returns>
    public static string? ConversationOf(string session) => Renamed(session, SessionPrefix, ConversationPrefix);

    /// <returns>The session's id, or null. A session's own id is taken too: it is what Comox's own API and headers show.</returns>
    public static string? SessionOf(string conversation) =>
        Renamed(conversation, ConversationPrefix, SessionPrefix) ?? Renamed(conversation, SessionPrefix, SessionPrefix);

    /// <summary>Which session a request goes on with, and after which of its replies.</summary>
    /// <param name="request">The request.</param>
    /// <param name="isCharacter">Whether its model is a character; plain models keep no state.</param>
    /// <param name="place">The place; null for a new conversation.</param>
    /// <returns>Null, or why there is no such conversation.</returns>
    public static ApiError? Resolve(ResponsesRequest request, bool isCharacter, out InputPlace? place)
    {
        place = null;
        var field = request.PreviousResponseId is not null ? "previous_response_id" : request.Conversation is not null ? "conversation" : null;
        if (field is null)
            return null;
        if (!isCharacter)
        {
            return BodyErrors.Refuse(
                field, $"The field '{field}' needs a model that remembers, and a plain model keeps nothing. Send the whole conversation in 'input', or talk to a character.");
        }

        if (request.PreviousResponseId is { } previous)
        {
            if (!TryDecode(previous, out var decoded, out var turn))
                return BodyErrors.Invalid(field, "is not the id of a character's response. Take it, whole, from the 'id' of an earlier response");
            place = new InputPlace(decoded, turn);
            return null;
        }

        place = SessionOf(request.Conversation!) is { } session ? new InputPlace(session, null) : null;
        return place is null ? BodyErrors.Invalid(field, "is not the id of a conversation, such as conv_0193…; a response names its own in 'conversation'") : null;
    }

    private static string? Renamed(string id, string from, string to)
    {
        Span<byte> bytes = stackalloc byte[IdBytes];
        return TryGetBytes(id, from, bytes) ? to + id[from.Length..] : null;
    }

    // Lower case only: an id that decodes must come back as the same characters.
    private static bool TryGetBytes(string id, string prefix, Span<byte> bytes) =>
        id.StartsWith(prefix, StringComparison.Ordinal)
        && id.Length == prefix.Length + (2 * IdBytes)
        && !id.AsSpan(prefix.Length).ContainsAnyInRange('A', 'F')
        && Convert.FromHexString(id.AsSpan(prefix.Length), bytes, out _, out _) == OperationStatus.Done;

    private static uint Checksum(ReadOnlySpan<byte> bytes)
    {
        var checksum = ChecksumSeed;
        foreach (var value in bytes)
            checksum = BitOperations.Crc32C(checksum, value);
        return checksum;
    }
}
