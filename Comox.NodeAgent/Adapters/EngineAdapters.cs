using Comox.NodeAgent.Supervision;
using Comox.ServiceDefaults;
using Comox.ServiceDefaults.Contracts.Nodes;
using Comox.ServiceDefaults.Contracts.OpenAI;

namespace Comox.NodeAgent.Adapters;

/// <summary>
/// The adapters of one engine: which of them it has loaded, who uses them, and who waits for one. Where the engine loads them while it runs, one is loaded when it
/// is first asked for; when as many as it keeps are loaded, the one that was not used for longest goes, and while all are used, whoever asks waits.
/// After a restart of the engine those that were loaded are loaded again.
/// </summary>
internal sealed class EngineAdapters(TimeProvider time)
{
    /// <summary>One that did not load is not tried for every request.</summary>
    private static readonly TimeSpan TryAgain = TimeSpan.FromSeconds(30);

    private readonly Lock _lock = new();
    private IReadOnlyList<Entry> _all = [];
    private IReadOnlyList<ChosenAdapter> _launched = [];
    private IReadOnlyList<AdapterStatus> _told = [];
    private IAdapterUse? _use;
    private EngineEndpoint? _engine;
    private int _room;
    private TaskCompletionSource _changed = NewSignal();

    /// <summary>The engine is being told to load one, and to drop another for it.</summary>
    public bool IsLoading
    {
        get
        {
            lock (_lock)
                return _all.Any(entry => entry.IsLoading);
        }
    }

    /// <summary>Raised when one has got another state.</summary>
    public event Action? Changed;

    /// <summary>Whether there are any; then requests are looked into.</summary>
    public bool Any => Volatile.Read(ref _all).Count > 0;

    /// <summary>Those that the engine is started with.</summary>
    public IReadOnlyList<ChosenAdapter> Launched => Volatile.Read(ref _launched);

    public IAdapterUse? Use => Volatile.Read(ref _use);

    /// <summary>The engine is going to serve these.</summary>
    /// <param name="adapters">Those of the settings, the bad ones too.</param>
    /// <param name="use">How its kind serves them.</param>
    /// <param name="room">How many it keeps loaded.</param>
    public void Prepare(IReadOnlyList<ChosenAdapter> adapters, IAdapterUse use, int room)
    {
        lock (_lock)
        {
            (_use, _room) = (use, Math.Max(1, room));
            _launched = [.. adapters.Where(adapter => adapter.IsGood)];
            _all = [.. adapters.Select(adapter => new Entry(adapter) { IsWanted = Array.Exists([.. _all], before => before.Adapter.Name == adapter.Name && before.IsWanted) })];
        }

        Tell();
    }

    /// <returns>Null: none has this name.</returns>
    public ChosenAdapter? Find(string name) => Volatile.Read(ref _all).FirstOrDefault(entry => entry.Adapter.Name == name)?.Adapter;

    /// <summary>The engine answers.</summary>
    public void Started(EngineEndpoint engine)
    {
        lock (_lock)
        {
            if (_engine == engine)
                return;
            _engine = engine;
            foreach (var entry in _all.Where(entry => entry.Adapter.IsGood))
            {
                entry.Forget();
                if (_use!.IsAtLaunch)
                    entry.IsLoaded = true;
                else if (entry.IsWanted)
                    Load(entry);
            }
        }

        Tell();
    }

    /// <summary>The engine's process ends.</summary>
    public void Ended()
    {
        lock (_lock)
        {
            _engine = null;
            foreach (var entry in _all)
                entry.Forget();
        }

        Signal();
        Tell();
    }

    /// <summary>Waits until the engine has the adapter. Who gets in must leave.</summary>
    /// <returns>Null, or why it will not have it.</returns>
    public async ValueTask<ApiError?> EnterAsync(ChosenAdapter adapter, CancellationToken cancellation)
    {
        Entry entry;
        lock (_lock)
        {
            if (_all.FirstOrDefault(known => known.Adapter == adapter) is not { } found)
                return Unavailable(adapter, "Its engine has just been given others.");
            (entry = found).Waiting++;
        }

        try
        {
            while (true)
            {
                Task changed;
                lock (_lock)
                {
                    if ((adapter.Problem ?? entry.Failure) is { } problem)
                        return Unavailable(adapter, problem);
                    if (_engine is null)
                        return Unavailable(adapter, "Its engine has just ended.");
                    if (entry.IsLoaded)
                    {
                        (entry.IsWanted, entry.UsedAt) = (true, time.GetTimestamp());
                        entry.InFlight++;
                        return null;
                    }

                    changed = _changed.Task;
                    Load(entry);
                }

                await changed.WaitAsync(cancellation);
            }
        }
        finally
        {
            lock (_lock)
                entry.Waiting--;
        }
    }

    public void Leave(ChosenAdapter adapter)
    {
        lock (_lock)
        {
            // Those of an engine that was given others are not there any more.
            if (_all.FirstOrDefault(known => known.Adapter == adapter) is { } entry)
                entry.InFlight--;
        }

        Signal();
    }

    /// <returns>The same list as the last time where nothing has changed.</returns>
    public IReadOnlyList<AdapterStatus> Describe()
    {
        lock (_lock)
        {
            IReadOnlyList<AdapterStatus> now = [.. _all.Select(entry => entry.Describe(_engine is not null))];
            return now.SequenceEqual(_told) ? _told : _told = now;
        }
    }

    // Under the lock. Begins to load it, if it is not being loaded and there is room, or somebody can go.
    private void Load(Entry entry)
    {
        if (entry.IsLoading || entry.IsLoaded || _engine is not { } engine)
            return;
        Entry? leaves = null;
        if (_all.Count(other => other.IsLoaded || other.IsLoading) >= _room)
        {
            leaves = _all.Where(other => other is { IsLoaded: true, InFlight: 0, Waiting: 0 }).MinBy(other => other.UsedAt);
            if (leaves is null)
                return; // Whoever leaves signals.
            (leaves.IsLoaded, leaves.IsWanted) = (false, false);
        }

        entry.IsLoading = true;
        _ = LoadAsync(engine, entry, leaves);
    }

    private async Task LoadAsync(EngineEndpoint engine, Entry entry, Entry? leaves)
    {
        // Not a client's to cancel: others wait for it, too.
        await Task.Yield();
        string? problem;
        try
        {
            problem = leaves is null ? null : await _use!.UnloadAsync(engine, leaves.Adapter, CancellationToken.None);
            problem ??= await _use!.LoadAsync(engine, entry.Adapter, CancellationToken.None);
        }
        catch (Exception bug)
        {
            problem = bug.Message;
        }

        lock (_lock)
        {
            if (_engine != engine)
                return; // What has ended holds nothing.
            entry.IsLoading = false;
            if (problem is null)
            {
                (entry.IsLoaded, entry.UsedAt) = (true, time.GetTimestamp());
            }
            else
            {
                entry.Failure = $"The engine did not load it: {problem}. It is tried again {TryAgain.TotalSeconds:0} s later.";
                entry.Retry = time.CreateTimer(_ => Retry(entry), null, TryAgain, Timeout.InfiniteTimeSpan);
            }
        }

        Signal();
        Tell();
    }

    private void Retry(Entry entry)
    {
        lock (_lock)
            entry.Failure = null;
        Tell();
    }

    private void Signal()
    {
        TaskCompletionSource changed;
        lock (_lock)
            (changed, _changed) = (_changed, NewSignal());
        changed.SetResult();
    }

    private void Tell() => Changed?.Invoke();

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>What a request is told that asks for an adapter that cannot be had.</summary>
    internal static ApiError Unavailable(ChosenAdapter adapter, string why) =>
        new(StatusCodes.Status503ServiceUnavailable, ErrorCodes.AdapterUnavailable, $"The adapter '{adapter.Name}' cannot be used. {why} Its model can.") { RetryAfter = (int)TryAgain.TotalSeconds };

    private sealed class Entry(ChosenAdapter adapter)
    {
        public ChosenAdapter Adapter => adapter;
        public bool IsLoaded { get; set; }
        public bool IsLoading { get; set; }

        /// <summary>To be loaded again when the engine is started again.</summary>
        public bool IsWanted { get; set; }

        public int InFlight { get; set; }
        public int Waiting { get; set; }
        public long UsedAt { get; set; }
        public string? Failure { get; set; }
        public ITimer? Retry { get; set; }

        public void Forget()
        {
            (IsLoaded, IsLoading, Failure) = (false, false, null);
            Retry?.Dispose();
        }

        public AdapterStatus Describe(bool isRunning) => (adapter.Problem ?? Failure) is { } problem
            ? Status(AdapterStates.Failed, problem)
            : IsLoaded ? Status(AdapterStates.Loaded, "The engine has it")
            : Status(AdapterStates.Unloaded, IsLoading ? "It is being loaded" : isRunning ? "It is loaded when somebody asks for it" : "It comes with its model");

        private AdapterStatus Status(string state, string reason) => new() { Name = adapter.Name, State = state, Reason = reason, InFlight = InFlight };
    }
}
