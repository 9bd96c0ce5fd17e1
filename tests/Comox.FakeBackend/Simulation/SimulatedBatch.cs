namespace Comox.FakeBackend.Simulation;

/// <summary>One request in an engine.</summary>
public sealed class SimulatedCall(int promptTokens, int cachedTokens, int outputTokens)
{
    public int PromptTokens => promptTokens;
    public int CachedTokens => cachedTokens;
    public int OutputTokens => outputTokens;

    /// <summary>Prompt tokens that are still to be read.</summary>
    public int Unread { get; internal set; } = Math.Max(1, promptTokens - cachedTokens);
    public int Written { get; internal set; }
    public bool IsDone => Written >= outputTokens;

    internal long Context => promptTokens - Unread + Written;
}

/// <summary>
/// An engine that batches continuously, as vLLM and llama.cpp do: in each step every answer gets a token, and prompts are read in pieces beside them. Requests
/// that find no place for their keys and values wait. It has no clock: whoever runs it lets <see cref="StepSeconds"/> pass between two steps.
/// </summary>
public sealed class SimulatedBatch(CardModel card, long weights, int kvTokens, int mostAtOnce = 64)
{
    // Prompt tokens in one step: vLLM's max_num_batched_tokens, by and large.
    private const int Piece = 2048;

    private readonly List<SimulatedCall> _running = [];
    private readonly Queue<SimulatedCall> _waiting = [];
    private readonly List<SimulatedCall> _read = [];
    private int _piece;

    public int Running => _running.Count;
    public int Waiting => _waiting.Count;
    public bool IsIdle => _running.Count == 0 && _waiting.Count == 0;

    public void Add(SimulatedCall call) => _waiting.Enqueue(call);

    /// <summary>Its caller has left.</summary>
    public void Remove(SimulatedCall call)
    {
        if (_running.Remove(call) || !_waiting.Contains(call))
            return;
        var others = _waiting.Where(waiting => waiting != call).ToList();
        _waiting.Clear();
        others.ForEach(_waiting.Enqueue);
    }

    /// <summary>Takes in who has room, and says how long the next step takes.</summary>
    public double StepSeconds()
    {
        while (_waiting.TryPeek(out var next) && _running.Count < mostAtOnce
            && (_running.Count == 0 || _running.Sum(call => (long)call.PromptTokens + call.OutputTokens) + next.PromptTokens + next.OutputTokens <= kvTokens))
            _running.Add(_waiting.Dequeue());

        _piece = 0;
        var (writing, context) = (0, 0L);
        foreach (var call in _running)
        {
            if (call.Unread > 0)
            {
                _piece += Math.Min(call.Unread, Piece - _piece);
                continue;
            }

            writing++;
            context += call.Context;
        }

        return card.TokenSeconds(weights, writing, context) + card.PrefillSeconds(weights, _piece);
    }

    /// <summary>The step is over.</summary>
    /// <param name="first">Hears who got its first token.</param>
    /// <param name="done">Hears whose answer is whole.</param>
    public void Step(Action<SimulatedCall> first, Action<SimulatedCall> done)
    {
        _read.Clear();
        foreach (var call in _running)
        {
            if (call.Unread > 0)
            {
                var read = Math.Min(call.Unread, _piece);
                call.Unread -= read;
                _piece -= read;
                if (call.Unread > 0)
                    continue;
            }

            if (++call.Written == 1)
                _read.Add(call);
        }

        foreach (var call in _read)
            first(call);
        for (var at = _running.Count - 1; at >= 0; at--)
        {
            if (!_running[at].IsDone)
                continue;
            var call = _running[at];
            _running.RemoveAt(at);
            done(call);
        }
    }
}
