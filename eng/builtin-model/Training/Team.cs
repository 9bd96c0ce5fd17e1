namespace Comox.BuiltInModel.Training;

/// <summary>Threads that stay the same from step to step, because libtorch keeps what it has prepared for a shape by thread. The caller is the first of them.</summary>
internal sealed class Team(int workers)
{
    private readonly SemaphoreSlim[] _begin = [.. Enumerable.Range(0, workers).Select(_ => new SemaphoreSlim(0))];
    private readonly SemaphoreSlim _ended = new(0);
    private readonly Exception?[] _failures = new Exception?[workers];
    private Action<int>? _work;
    private bool _isStarted;

    public int Workers => workers;

    /// <summary>Does the work of each worker, 0 to <see cref="Workers"/> − 1, at the same time; throws what the first of them threw.</summary>
    public void Do(Action<int> work)
    {
        Start();
        _work = work;
        for (var worker = 1; worker < workers; worker++)
            _begin[worker].Release();
        Try(0);
        for (var worker = 1; worker < workers; worker++)
            _ended.Wait();
        if (_failures.OfType<Exception>().FirstOrDefault() is { } failure)
            throw new InvalidOperationException(failure.Message, failure);
    }

    private void Start()
    {
        for (var worker = 1; worker < workers && !_isStarted; worker++)
        {
            var own = worker;
            new Thread(() => Serve(own)) { IsBackground = true, Name = $"worker {own}" }.Start();
        }

        _isStarted = true;
    }

    private void Serve(int worker)
    {
        while (true)
        {
            _begin[worker].Wait();
            Try(worker);
            _ended.Release();
        }
    }

    private void Try(int worker)
    {
        try
        {
            _work!(worker);
        }
        catch (Exception failure)
        {
            _failures[worker] = failure;
        }
    }
}
