using System.Collections.Concurrent;

namespace Comox.BuiltInModel.Training;

internal sealed record TrainerOptions
{
    /// <summary>A file that lines are added to.</summary>
    public required string Log { get; init; }

    /// <summary>Minutes of training, those before a resume included.</summary>
    public double Minutes { get; init; }

    public double CheckpointMinutes { get; init; } = 3;

    /// <summary>From which share of the time on the rate falls.</summary>
    public double Fall { get; init; } = 0.1;

    public double ProgressSeconds { get; init; } = 10;
}

/// <summary>Goes through the data in its order until the time is over.</summary>
internal sealed class Trainer(Learner learner, Action<TrainingState> save, TrainerOptions options, TimeProvider time)
{
    public TrainingState Run(RowPacker packer, DataReader data, TrainingState state)
    {
        using var log = new TrainingLog(options.Log);
        var schedule = new Schedule(options.Minutes, options.Fall);
        var (began, before) = (time.GetTimestamp(), state.Minutes);
        double Minutes() => before + time.GetElapsedTime(began).TotalMinutes;
        var (first, shown, saved, progress, skipped) = (state.Step, Minutes(), Minutes(), new Progress(), 0);
        log.Write($"begin at {state.Minutes:F1} of {options.Minutes:F1} min, step {state.Step}, {100 * data.Share(state.Place):F1} % of the data");
        using var batches = new ReadAhead<RowPacker.Batch>(packer.From(state.Place));
        try
        {
            foreach (var batch in batches.Items)
            {
                if (Minutes() >= options.Minutes)
                    break;
                var share = schedule.At(Minutes());
                var outcome = learner.Learn(batch.Rows, state.Step + 1 - skipped, share);
                if (outcome.Taken)
                    progress.Add(outcome);
                else
                    skipped++;
                state = state with
                {
                    Step = state.Step + 1,
                    Minutes = Minutes(),
                    Examples = state.Examples + batch.Examples,
                    Tokens = state.Tokens + outcome.Tokens,
                    LossTokens = state.LossTokens + outcome.LossTokens,
                    Place = batch.Next,
                };
                if (60 * (state.Minutes - shown) >= options.ProgressSeconds)
                {
                    log.Write($"{state.Minutes:F2} min · step {state.Step} · {progress.Take(60 * (state.Minutes - shown))} · rate {share:F3} · data {100 * data.Share(state.Place):F1} % · {options.Minutes - state.Minutes:F1} min left");
                    shown = state.Minutes;
                }

                if (state.Minutes - saved >= options.CheckpointMinutes)
                {
                    save(state);
                    saved = Minutes();
                }
            }
        }
        catch (InvalidDataException) when (state.Step > first)
        {
            // A line that cannot be read costs nothing of what was learned before it.
            save(state);
            throw;
        }

        save(state);
        log.Write($"end at {state.Minutes:F1} min: {state.Step} steps, {state.Examples} examples, {state.Tokens} tokens, {state.LossTokens} learned, {packer.TooLong} examples too long, {skipped} steps skipped, {100 * data.Share(state.Place):F1} % of the data");
        return state;
    }
}

/// <summary>Makes the next few items on a thread of its own.</summary>
internal sealed class ReadAhead<T> : IDisposable
{
    private readonly BlockingCollection<T> _queue = new(boundedCapacity: 8);
    private readonly CancellationTokenSource _ended = new();
    private readonly Task _reading;

    public ReadAhead(IEnumerable<T> source) => _reading = Task.Run(() =>
    {
        try
        {
            foreach (var item in source)
                _queue.Add(item, _ended.Token);
        }
        catch (OperationCanceledException)
        {
            // The training is over; what was read ahead is not needed.
        }
        finally
        {
            _queue.CompleteAdding();
        }
    });

    public IEnumerable<T> Items
    {
        get
        {
            foreach (var item in _queue.GetConsumingEnumerable())
                yield return item;
            _reading.GetAwaiter().GetResult();
        }
    }

    public void Dispose()
    {
        // What it ended with has been told by Items: thrown here again, inside an AggregateException, it would take that one's place.
        _ended.Cancel();
        _reading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing).GetAwaiter().GetResult();
        _queue.Dispose();
        _ended.Dispose();
    }
}
