using System.Diagnostics.CodeAnalysis;
using Comox.ServiceDefaults;

namespace Comox.Web.Layout;

/// <summary>
/// Carries what a prerendered page has read to the circuit that takes the page over, so that nothing flickers and nothing is read twice. The page itself
/// carries only the key: whatever is in the page comes back from the browser in one hub call, whose size is limited, and a long conversation is longer.
/// What nobody fetches in time is dropped, and the circuit reads for itself.
/// </summary>
internal sealed class PageHandover(TimeProvider time)
{
    public const int Most = 32;
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private readonly Lock _gate = new();
    private readonly List<Kept> _kept = [];

    public string Keep(object value)
    {
        var kept = new Kept(Ids.New("pag", time), value, time.GetUtcNow());
        lock (_gate)
        {
            DropOld();
            if (_kept.Count == Most)
                _kept.RemoveAt(0);
            _kept.Add(kept);
        }

        return kept.Key;
    }

    /// <summary>Once per key: whoever asks again gets what the services say by then.</summary>
    public bool TryTake<T>(string? key, [NotNullWhen(true)] out T? value)
        where T : class
    {
        lock (_gate)
        {
            DropOld();
            var at = _kept.FindIndex(kept => kept.Key == key);
            value = at >= 0 && _kept[at].Value is T found ? found : null;
            if (at >= 0)
                _kept.RemoveAt(at);
            return value is not null;
        }
    }

    private void DropOld() => _kept.RemoveAll(kept => time.GetUtcNow() - kept.At > Patience);

    private sealed record Kept(string Key, object Value, DateTimeOffset At);
}
