using System.Collections.Concurrent;

namespace Comox.Web.Chat;

/// <summary>
/// The replies that are streaming, at most one per session. They belong to the host and not to a page: whoever leaves and comes back finds the reply still
/// growing. Each ends by itself, by Stop, or with the host.
/// </summary>
internal sealed class RepliesInProgress(IHostApplicationLifetime lifetime)
{
    public const int Most = 64;

    private readonly ConcurrentDictionary<string, Conversation> _conversations = new();
    private readonly ConcurrentDictionary<string, string> _refused = new();

    public CancellationToken Stopping => lifetime.ApplicationStopping;

    public Conversation? Find(string session) => _conversations.GetValueOrDefault(session);

    /// <summary>Null when it may begin, else why not.</summary>
    public string? Begin(Conversation conversation)
    {
        if (_conversations.Count >= Most)
            return "Too many replies are in progress. Wait for one of them to end.";
        return _conversations.TryAdd(conversation.Session.Id, conversation) ? null : "This conversation is being answered in another window.";
    }

    /// <summary>A message of the session did not arrive. Whoever sent it may look elsewhere, and wants it back when it looks here again.</summary>
    public void KeepRefused(string session, string text)
    {
        if (_refused.Count < Most || _refused.ContainsKey(session))
            _refused[session] = text;
    }

    /// <summary>That message, once.</summary>
    public string? TakeRefused(string session) => _refused.TryRemove(session, out var text) ? text : null;

    public void End(Conversation conversation) => _conversations.TryRemove(KeyValuePair.Create(conversation.Session.Id, conversation));
}
