namespace Comox.BuiltInModel.Training;

/// <summary>Threads that stay the same from step to step, because libtorch keeps what it has prepared for a shape by thread. The caller is the first of them; the others end with the program.</summary>
internal sealed class Team
{
    private readonly Barrier _together;
    private readonly Exception?[] _failures;
    private Action<int> _work = _ => { };

    public Team(int workers)
    {
        (_together, _failures) = (new Barrier(workers), new Exception?[workers]);
        foreach (var worker in Enumerable.Range(1, workers - 1))
            new Thread(() => Serve(worker)) { IsBackground = true, Name = $"worker {worker}" }.Start();
    }

    public int Workers => _failures.Length;

    /// <summary>Does the work of each worker, 0 to <see cref="Workers"/> − 1, at the same time; throws what the first of them threw.</summary>
    public void Do(Action<int> work)
    {
        _work = work;
        Together(0);
        if (_failures.OfType<Exception>().FirstOrDefault() is { } failure)
            throw new InvalidOperationException(failure.Message, failure);
    }

    private void Serve(int worker)
    {
        while (true)
            Together(worker);
    }

    private void Together(int worker)
    {
        _together.SignalAndWait();
        try
        {
            _work(worker);
        }
        catch (Exception failure)
        {
            _failures[worker] = failure;
        }

        _together.SignalAndWait();
    }
}
