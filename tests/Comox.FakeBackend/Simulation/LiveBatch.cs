using System.Threading.Channels;

namespace Comox.FakeBackend.Simulation;

/// <summary>An answer that a <see cref="LiveBatch"/> writes.</summary>
public sealed class LiveAnswer(int id, int promptTokens, int outputTokens)
{
    private readonly Channel<int> _tokens = Channel.CreateUnbounded<int>(new UnboundedChannelOptions { SingleReader = true });
    private int _told;

    public int Id => id;

    internal SimulatedCall Call { get; } = new(promptTokens, 0, outputTokens);

    /// <summary>Nobody wants it any more.</summary>
    public bool IsLeft { get; set; }

    /// <summary>The numbers of its tokens, from 0, as they are written.</summary>
    public ChannelReader<int> Tokens => _tokens.Reader;

    internal void Tell()
    {
        while (_told < Call.Written)
            _tokens.Writer.TryWrite(_told++);
        if (Call.IsDone)
            _tokens.Writer.TryComplete();
    }
}

/// <summary>A <see cref="SimulatedBatch"/> that runs by the clock, and suffers from what it is told to.</summary>
public sealed class LiveBatch(CardModel card, long weights, int kvTokens, int slots, Func<EngineFault> fault, TimeProvider time)
{
    private static readonly TimeSpan LookForFaults = TimeSpan.FromMilliseconds(20);

    private readonly Lock _lock = new();
    private readonly SimulatedBatch _batch = new(card, weights, kvTokens, slots);
    private readonly Dictionary<SimulatedCall, LiveAnswer> _answers = [];
    private readonly SemaphoreSlim _work = new(0);
    private EngineFault _fault = EngineFault.None;
    private int _number;

    public EngineFault Fault => _fault;

    /// <summary>What is in it: number, prompt tokens, those of them that are read, tokens written.</summary>
    public IReadOnlyList<(int Id, int Prompt, int Read, int Written)> Running
    {
        get
        {
            lock (_lock)
                return [.. _answers.Values.Select(answer => (answer.Id, answer.Call.PromptTokens, answer.Call.PromptTokens - answer.Call.Unread, answer.Call.Written))];
        }
    }

    public long Written { get; private set; }

    public LiveAnswer Begin(int promptTokens, int outputTokens)
    {
        lock (_lock)
        {
            var answer = new LiveAnswer(++_number, promptTokens, outputTokens);
            _answers[answer.Call] = answer;
            _batch.Add(answer.Call);
            _work.Release();
            return answer;
        }
    }

    public async Task RunAsync(CancellationToken stopping)
    {
        var (due, looked) = (time.GetTimestamp(), 0L);
        while (true)
        {
            if (time.GetElapsedTime(looked) > LookForFaults)
                (_fault, looked) = (fault(), time.GetTimestamp());
            if (_fault.Kind is EngineFaultKind.Stalled or EngineFaultKind.Lying)
            {
                await Task.Delay(LookForFaults, time, stopping);
                due = time.GetTimestamp();
                continue;
            }

            double seconds;
            lock (_lock)
                seconds = _batch.IsIdle ? 0 : _batch.StepSeconds() * _fault.Factor;
            if (seconds == 0)
            {
                await _work.WaitAsync(LookForFaults * 10, stopping);
                due = time.GetTimestamp();
                continue;
            }

            // By when the step before was due and not by when it was done, so that a coarse timer does not make it slower.
            due = Math.Max(due, time.GetTimestamp() - (time.TimestampFrequency / 20)) + (long)(seconds * time.TimestampFrequency);
            var wait = time.GetElapsedTime(time.GetTimestamp(), due);
            if (wait > TimeSpan.Zero)
                await Task.Delay(wait, time, stopping);
            Step();
        }
    }

    private void Step()
    {
        lock (_lock)
        {
            foreach (var left in _answers.Values.Where(answer => answer.IsLeft).ToList())
            {
                _batch.Remove(left.Call);
                _answers.Remove(left.Call);
            }

            var before = _answers.Keys.Sum(call => (long)call.Written);
            _batch.Step(_ => { }, _ => { });
            Written += _answers.Keys.Sum(call => (long)call.Written) - before;
            foreach (var answer in _answers.Values.ToList())
            {
                answer.Tell();
                if (answer.Call.IsDone)
                    _answers.Remove(answer.Call);
            }
        }
    }
}
