using System.Collections.Concurrent;
using Comox.NodeAgent.Hardware.Gpus;
using Comox.ServiceDefaults.Contracts.Nodes;

namespace Comox.NodeAgent.Health.Gpus;

/// <summary>Reads the cards, judges them and puts them on the board. Where there is no card it looks once and is done.</summary>
internal sealed class GpuSampler(GpuReader reader, KernelLog log, NodeStatusBoard board, GpuMetrics metrics, TimeProvider time, ILogger<GpuSampler> logger) : BackgroundService
{
    private readonly Dictionary<string, GpuHistory> _histories = new(StringComparer.Ordinal);
    private readonly ConcurrentQueue<(string PciId, SeenXid Xid)> _xids = new();
    private TaskCompletionSource _heard = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private IReadOnlyList<GpuStatus> _latest = [];
    private (IReadOnlyList<GpuStatus> Cards, TimeSpan At) _shown = ([], TimeSpan.Zero);

    // On a clock that never goes back: after the machine's is set right, figures would stand still, and what is over would be held against a card, for as long as it was wrong.
    private TimeSpan Now => time.GetElapsedTime(0);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var begun = Now;
        var readings = await reader.ReadAsync(stoppingToken);
        if (readings.Count == 0)
            return;

        // A thread of its own: /dev/kmsg blocks it until the kernel has something to say. It ends with the process.
        if (readings.Any(reading => reading.Card.Source != GpuSources.Amdgpu))
            new Thread(() => log.Read(xid => Take(xid, begun))) { IsBackground = true, Name = "kernel log" }.Start();
        Sample(readings);
        metrics.Begin(() => Volatile.Read(ref _latest));
        using var timer = new PeriodicTimer(reader.Period, time);
        var tick = timer.WaitForNextTickAsync(stoppingToken).AsTask();
        while (true)
        {
            var heard = _heard.Task;
            if (!_xids.IsEmpty || await Task.WhenAny(tick, heard) == heard)
            {
                // At once and by the last reading: a driver that has just lost a card may not answer for a while.
                Sample(readings);
                continue;
            }

            if (!await tick)
                return;
            readings = await reader.ReadAsync(stoppingToken);
            Sample(readings);
            if (timer.Period != reader.Period)
                timer.Period = reader.Period; // Another source has taken over.
            tick = timer.WaitForNextTickAsync(stoppingToken).AsTask();
        }
    }

    // The kernel's log begins with the boot. What happened before the agent started has been dealt with, except by a card that only a reboot brings back.
    private void Take(KernelXid xid, TimeSpan begun)
    {
        if (xid.SinceBoot < begun && xid.Code != 79)
            return;
        _xids.Enqueue((xid.PciId, new SeenXid(xid.Code, time.GetUtcNow(), Now)));
        Interlocked.Exchange(ref _heard, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();
    }

    private void Sample(IReadOnlyList<GpuReading> readings)
    {
        var now = Now;
        while (_xids.TryDequeue(out var heard))
        {
            // By address, because that is all the log says of a card.
            var history = _histories.GetValueOrDefault(heard.PciId) ?? GpuHistory.New;
            _histories[heard.PciId] = history with { Xids = [.. history.Xids.TakeLast(99), heard.Xid] };
        }

        var cards = Complete(readings).OrderBy(reading => reading.Card.Index).Select(reading => Judge(reading, now)).ToList();
        Volatile.Write(ref _latest, cards);
        if (!GpuNews.IsNews(_shown.Cards, cards, now - _shown.At))
            return;
        _shown = (cards, now);
        board.SetCards(cards);
    }

    private GpuStatus Judge(GpuReading reading, TimeSpan now)
    {
        var key = reading.Card.PciId ?? reading.Key;
        var (card, history) = GpuHealth.Judge(reading, _histories.GetValueOrDefault(key) ?? GpuHistory.New, now);
        _histories[key] = history;
        var before = _latest.FirstOrDefault(known => IsSame(known, card))?.Health ?? Healths.Ok;
        if (card.Health != before && card.Health == Healths.Ok)
            logger.GpuWell(card.Index, card.Name);
        else if (card.Health != before)
            logger.GpuUnwell(card.Index, card.Name, card.Health, string.Join(' ', card.Reasons));
        return card;
    }

    // A card that has fallen off the bus is missing from the next list, or has lost its name; it stays known as what it was.
    private IEnumerable<GpuReading> Complete(IReadOnlyList<GpuReading> readings)
    {
        foreach (var reading in readings)
        {
            yield return _latest.FirstOrDefault(card => IsSame(card, reading.Card)) switch
            {
                null => reading,
                var known when reading.Presence != GpuPresence.Present => GpuHealth.Unread(known, reading.Presence),
                // A source that tells less has taken over; errors are known by the address.
                var known => reading with { Card = reading.Card with { PciId = reading.Card.PciId ?? known.PciId, Uuid = reading.Card.Uuid ?? known.Uuid } },
            };
        }

        foreach (var known in _latest.Where(known => !readings.Any(reading => IsSame(known, reading.Card))))
            yield return GpuHealth.Unread(known, readings.Count == 0 ? GpuPresence.Silent : GpuPresence.Missing);
    }

    private static bool IsSame(GpuStatus known, GpuStatus card) =>
        card.Uuid is not null && known.Uuid is not null ? card.Uuid == known.Uuid
        : card.PciId is not null && known.PciId is not null ? card.PciId == known.PciId
        : card.Index == known.Index;
}
