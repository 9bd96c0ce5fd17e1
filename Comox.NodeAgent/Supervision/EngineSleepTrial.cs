using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Encodings.Web;
using Comox.NodeAgent.Engines;
using Comox.NodeAgent.Engines.Placement;
using Comox.NodeAgent.Hardware;

namespace Comox.NodeAgent.Supervision;

/// <summary>What was found when an engine's sleep was tried.</summary>
internal abstract record SleepAbility
{
    /// <summary>It gave the memory back, woke and answered.</summary>
    /// <param name="AsleepBytes">What it holds of the card while it sleeps.</param>
    /// <param name="HostBytes">What it holds of the machine's memory meanwhile.</param>
    /// <param name="WakeSeconds">How long waking took.</param>
    public sealed record Proven(long AsleepBytes, long HostBytes, double WakeSeconds) : SleepAbility
    {
        public override string Words => string.Create(CultureInfo.InvariantCulture, $"It can: asleep it holds {AsleepBytes >> 20} MiB of the card and about {HostBytes >> 20} MiB of the machine's memory, and woke in {WakeSeconds:0.0} s.");
    }

    /// <summary>It is ended instead.</summary>
    /// <param name="Reason">A sentence.</param>
    /// <param name="IsBroken">The trial left it of no use: it has to be started again.</param>
    public sealed record Unable(string Reason, bool IsBroken = false) : SleepAbility
    {
        public override string Words => $"It is not used: {Reason}";
    }

    public abstract string Words { get; }
}

/// <summary>
/// Tries an engine's sleep before anybody relies on it: sleep, look how much of the card came back, wake, one token, look again. There are versions that keep
/// most of the memory asleep (vllm-project/vllm #32714), and some that take more with every waking (#34600).
/// </summary>
internal sealed class EngineSleepTrial(NodeCards cards, HttpClient http, TimeProvider time)
{
    // Asleep it may keep this share of what it held: CUDA itself and the graphs stay.
    private const double MostKept = 0.4;
    private const double MostGrown = 0.05;
    private const long Noise = 256L << 20;

    // The driver takes a moment to count what was given back.
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan TokenLimit = TimeSpan.FromSeconds(60);

    /// <summary>What is taken of the cards before the engine is started; null: nothing tells, or there are none.</summary>
    public async Task<long?> BaselineAsync(EnginePlace place, CancellationToken cancellation) => place.IsHost ? null : await UsedAsync(place, cancellation);

    /// <param name="sleep">How it sleeps.</param>
    /// <param name="engine">Ready, and without requests.</param>
    /// <param name="service">What it serves.</param>
    /// <param name="place">Where it is.</param>
    /// <param name="baseline">What was taken there before it was started.</param>
    /// <param name="cancellation">Ends the trial.</param>
    public async Task<SleepAbility> TryAsync(IEngineSleep sleep, EngineEndpoint engine, EngineService service, EnginePlace place, long? baseline, CancellationToken cancellation)
    {
        // Its weights go there; with less than that free the system would end somebody.
        var weights = service.Chosen.Info.SizeBytes;
        if (!HasRoom(weights))
            return new SleepAbility.Unable(string.Create(CultureInfo.InvariantCulture, $"its weights take {weights >> 20} MiB of the machine's memory while it sleeps, and so much is not free."));
        if (baseline is not { } empty || await UsedAsync(place, cancellation) is not { } awake)
            return new SleepAbility.Unable("nothing tells how much of the card's memory is taken.");

        var held = Math.Max(1, awake - empty);
        if (!await sleep.SleepAsync(engine, cancellation))
            return await sleep.WakeAsync(engine, cancellation) ? new SleepAbility.Unable("it did not fall asleep.") : new SleepAbility.Unable("it did not fall asleep, and was of no use then.", IsBroken: true);
        var asleep = Math.Max(0, await LeastAsync(place, empty + (long)(held * MostKept), cancellation) - empty);
        var since = time.GetTimestamp();
        if (!await sleep.WakeAsync(engine, cancellation) || !await AnswersAsync(engine, service.Model.Name, cancellation))
            return new SleepAbility.Unable("it did not wake, or did not answer after that.", IsBroken: true);
        var wakeSeconds = time.GetElapsedTime(since).TotalSeconds;
        if (asleep > held * MostKept)
            return new SleepAbility.Unable(string.Create(CultureInfo.InvariantCulture, $"asleep it kept {asleep >> 20} of {held >> 20} MiB. Another version of the engine may give them back."));
        if (await UsedAsync(place, cancellation) is not { } after || after - awake > (held * MostGrown) + Noise)
            return new SleepAbility.Unable("it takes more of the card with every waking. Another version of the engine may not.");
        return new SleepAbility.Proven(asleep, weights, wakeSeconds);
    }

    /// <summary>Whether the machine's memory has room for the weights of one that sleeps; true where nothing tells.</summary>
    public static bool HasRoom(long bytes) => HardwareReader.AvailableMemory() is not { } available || available >= bytes * 1.1;

    private Task<long?> UsedAsync(EnginePlace place, CancellationToken cancellation) => cards.UsedBytesAsync([.. place.Cards.Select(card => card.Index)], cancellation);

    private async Task<long> LeastAsync(EnginePlace place, long enough, CancellationToken cancellation)
    {
        var (since, least) = (time.GetTimestamp(), long.MaxValue);
        while (true)
        {
            if (await UsedAsync(place, cancellation) is { } used)
                least = Math.Min(least, used);
            if (least <= enough || time.GetElapsedTime(since) >= Settling)
                return least;
            await Task.Delay(Pause, time, cancellation);
        }
    }

    private async Task<bool> AnswersAsync(EngineEndpoint engine, string model, CancellationToken cancellation)
    {
        using var limit = new CancellationTokenSource(TokenLimit, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellation);
        var body = $$"""{"model":"{{JavaScriptEncoder.Default.Encode(model)}}","prompt":"Hello","max_tokens":1}""";
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(engine.Address, "v1/completions")) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", engine.Key);
        try
        {
            using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, both.Token);
            return response.IsSuccessStatusCode;
        }
        catch (Exception failed) when (failed is HttpRequestException or IOException || (failed is OperationCanceledException && !cancellation.IsCancellationRequested))
        {
            return false;
        }
    }
}
