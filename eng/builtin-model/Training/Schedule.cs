namespace Comox.BuiltInModel.Training;

/// <summary>
/// The learning rate as a share of its peak, by the clock: it rises, stays, and falls to nothing in the moment the time is over. So a run of any length
/// on a machine of any speed ends well cooled.
/// It rises until the share <c>WarmUp</c> of the time, and falls from the share <c>Fall</c> on.
/// </summary>
internal sealed record Schedule(double Minutes, double Fall, double WarmUp = 0.02)
{
    public double At(double minutes)
    {
        var time = Math.Clamp(minutes / Minutes, 0, 1);
        return time < WarmUp ? Math.Max(0.02, time / WarmUp) : time < Fall ? 1 : (1 - time) / (1 - Fall);
    }
}
