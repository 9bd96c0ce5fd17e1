using Comox.ServiceDefaults;
using Comox.ServiceDefaults.Contracts.OpenAI;

namespace Comox.Memory.Consolidation;

/// <summary>
/// How many turns a model answers for within its time: half as many after one that was too slow, and one more after each that was not. What took too long would
/// take too long again, and the session, and those behind it, would wait for ever.
/// </summary>
internal sealed class ModelPatience
{
    private int _most = int.MaxValue;

    /// <param name="wanted">How many there are to ask for.</param>
    public int Turns(int wanted) => Math.Clamp(_most, 1, Math.Max(1, wanted));

    /// <param name="error">What came of it; null: an answer.</param>
    /// <param name="turns">For how many turns.</param>
    /// <param name="usual">As many as are asked for of a model that is fast enough.</param>
    public void Saw(ApiError? error, int turns, int usual)
    {
        if (error?.Code == ErrorCodes.UpstreamTimeout)
            _most = Math.Max(1, turns / 2);
        else if (error is null && turns == _most)
            _most = _most >= usual ? int.MaxValue : _most + 1;
    }
}
