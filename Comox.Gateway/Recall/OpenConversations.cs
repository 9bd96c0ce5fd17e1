using System.Collections.Concurrent;

namespace Comox.Gateway.Recall;

/// <summary>
/// What is being asked at this moment without a session. Who asks the same again after a break means the same conversation; who asks it while the first is still answered means another one.
/// </summary>
internal sealed class OpenConversations
{
    private readonly ConcurrentDictionary<(string Subject, string Character, int Messages), int> _open = [];

    /// <param name="subject">Who asks.</param>
    /// <param name="character">Whom.</param>
    /// <param name="messages">The messages as they were sent.</param>
    /// <param name="isAnother">Whether the same is being asked already.</param>
    /// <returns>To be disposed of when it has been answered.</returns>
    public Place Enter(string subject, string character, ReadOnlySpan<byte> messages, out bool isAnother)
    {
        var hash = new HashCode();
        hash.AddBytes(messages);
        var key = (subject, character, hash.ToHashCode());
        isAnother = _open.AddOrUpdate(key, 1, static (_, count) => count + 1) > 1;
        return new Place(this, key);
    }

    private void Leave((string Subject, string Character, int Messages) key)
    {
        if (_open.AddOrUpdate(key, 0, static (_, count) => count - 1) == 0)
            _open.TryRemove(new(key, 0));
    }

    internal readonly struct Place(OpenConversations? open, (string Subject, string Character, int Messages) key) : IDisposable
    {
        public void Dispose() => open?.Leave(key);
    }
}
