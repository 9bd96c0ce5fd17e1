namespace Comox.Gateway.Recall;

/// <summary>
/// What is being asked at this moment, through this gateway, without a session. Who asks the same again after a break means the same conversation; who asks it while the first is still answered
/// means another one.
/// </summary>
internal sealed class OpenConversations
{
    private readonly Lock _lock = new();
    private readonly Dictionary<Question, Asked> _open = [];

    /// <param name="subject">Who asks.</param>
    /// <param name="character">Whom.</param>
    /// <param name="messages">The messages as they were sent.</param>
    /// <returns>To be disposed of when it has been answered.</returns>
    public Place Enter(string subject, string character, ReadOnlySpan<byte> messages)
    {
        var hash = new HashCode();
        hash.AddBytes(messages);
        var question = new Question(subject, character, hash.ToHashCode());
        lock (_lock)
        {
            var isAnother = _open.TryGetValue(question, out var asked);
            if (!isAnother)
                _open[question] = asked = new Asked();
            asked!.Count++;
            return new Place(this, question, asked, isAnother);
        }
    }

    private void Leave(Place place)
    {
        lock (_lock)
        {
            if (--place.Asked.Count == 0)
                _open.Remove(place.Question);
        }
    }

    // A hash will do: the worst of an accident is a conversation of its own.
    internal readonly record struct Question(string Subject, string Character, int Messages);

    internal sealed class Asked
    {
        public int Count { get; set; }

        /// <summary>The first has its place in memory, or will never have one.</summary>
        public TaskCompletionSource IsPlaced { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    internal sealed class Place(OpenConversations open, Question question, Asked asked, bool isAnother) : IDisposable
    {
        public Question Question => question;

        public Asked Asked => asked;

        /// <summary>Whether the same was being asked already. Not to be sent to memory before <see cref="FirstIsPlaced"/>: to one that came first the first would look like its repeat.</summary>
        public bool IsAnother => isAnother;

        public Task FirstIsPlaced => asked.IsPlaced.Task;

        /// <summary>Memory has answered this one.</summary>
        public void Placed()
        {
            if (!isAnother)
                asked.IsPlaced.TrySetResult();
        }

        public void Dispose()
        {
            Placed();
            open.Leave(this);
        }
    }
}
