using System.Text.Json;
using Comox.NodeAgent.Supervision;
using Comox.ServiceDefaults.Contracts.Nodes;

namespace Comox.NodeAgent.Health.Engines;

/// <summary>One process of an engine, from when it answered first to its end: what is asked of it and what it showed.</summary>
internal sealed class EngineLife(EngineHandle engine, EngineEndpoint endpoint, IEngineProgress kind, TimeSpan begun, IReadOnlyList<GpuStatus> cardsBefore) : IDisposable
{
    private static readonly TimeSpan IdleQuestions = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource _ends = new();
    private readonly SpeedMeter _meter = new();
    private Task<EngineProgress>? _question;
    private EngineProgress? _progress;
    private TimeSpan _progressAsked;
    private TimeSpan? _unansweredSince;
    private TimeSpan _asked = TimeSpan.MinValue;

    public EngineEndpoint Endpoint => endpoint;

    /// <summary>The engine's next process may be of another kind.</summary>
    public IEngineProgress Kind => kind;

    /// <summary>The node's cards as they were just before it was ready.</summary>
    public IReadOnlyList<GpuStatus> CardsBefore => cardsBefore;

    public CancellationToken Ends => _ends.Token;
    public EngineHistory History { get; set; } = new(begun);

    /// <summary>It has been told to end.</summary>
    public bool IsCondemned { get; set; }

    /// <summary>What was measured with the newest answer; null: nothing.</summary>
    public SpeedSample? Speed { get; private set; }

    /// <summary>How fast it read a prompt, if that was measured with the newest answer.</summary>
    public double? Reading { get; private set; }

    /// <summary>Takes in an answer that has come, and asks again when it is time: four times a second while it works, else once.</summary>
    public EngineFigures Look(TimeSpan now)
    {
        (Speed, Reading) = (null, null);
        var answers = engine.Answers.Read();
        if (_question is { IsCompleted: true } ended)
        {
            _question = null;
            if (Answer(ended) is { } progress)
            {
                (_progress, _progressAsked, _unansweredSince) = (progress, _asked, null);
                Speed = _meter.Take(progress, answers.Unread, answers.Running, now);
                Reading = _meter.TakeReading();
            }
        }

        if (_question is null && (_unansweredSince is not null || answers.Running > 0 || _progress is null or { Running: > 0 } || now - _asked >= IdleQuestions))
        {
            _asked = now;
            _unansweredSince ??= now;
            // On the pool: what it takes to send is no part of the looks.
            _question = Task.Run(() => kind.ReadAsync(endpoint, _ends.Token), _ends.Token);
        }

        return new EngineFigures
        {
            Now = now,
            Unanswered = now - _unansweredSince,
            Progress = _progress,
            ProgressAge = now - _progressAsked,
            Answers = answers,
            Slots = engine.Status.Slots ?? int.MaxValue,
            PromptStep = kind.PromptStep,
            Speed = Speed,
        };
    }

    /// <summary>The load it is under now.</summary>
    public SpeedLoad Load => SpeedLoad.Of(_progress?.Running ?? 0, _progress is { Tasks.Count: > 0 } busy ? busy.Tasks.Average(task => task.Context) : 0);

    public bool IsIdle => _progress is { Running: 0 };

    public void Dispose()
    {
        _ends.Cancel();
        _ends.Dispose();
    }

    // An answer that makes no sense is none.
    private static EngineProgress? Answer(Task<EngineProgress> question)
    {
        if (question.IsCompletedSuccessfully)
            return question.Result;
        return question.Exception?.InnerException is null or HttpRequestException or IOException or JsonException or InvalidOperationException or FormatException
            ? null
            : throw question.Exception.InnerException;
    }
}
