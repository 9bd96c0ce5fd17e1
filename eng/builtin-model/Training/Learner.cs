using Comox.BuiltInModel.Model;
using static TorchSharp.torch;

namespace Comox.BuiltInModel.Training;

/// <summary>One step: the gradient of all rows, then the weights are moved.</summary>
/// <remarks>
/// The rows are shared out among <paramref name="workers"/>, each with a thread that does its part from beginning to end. libtorch's own threads meet after every small
/// operation; these meet once in a step, which is a third faster on two cores. Which of them ends first does not change a bit of the result: two are summed.
/// </remarks>
internal sealed class Learner(Llama model, Optimizer optimizer, int workers, double hinted = 0)
{
    private readonly Team _team = new(workers);

    /// <summary>Loss and Right are of the LossTokens; a step whose gradient is no number changes nothing and is not Taken.</summary>
    public sealed record Outcome(double Loss, double Right, int LossTokens, int Tokens, bool Taken);

    /// <param name="rows">What is to be learned.</param>
    /// <param name="step">From 1.</param>
    /// <param name="share">Of the peak rates, 0 to 1.</param>
    public Outcome Learn(IReadOnlyList<PackedRow> rows, long step, double share)
    {
        var parts = Shares.Of(rows, _team.Workers).Select(part => new PackedBatch(part)).ToArray();
        var wanted = parts.Sum(part => part.LossCount);
        var tokens = rows.Sum(row => row.Length);
        if (wanted == 0)
            return new Outcome(0, 0, 0, tokens, true);
        var sums = new (double Loss, double Right)[parts.Length];
        using var uncollected = new Uncollected();
        _team.Do(worker => sums[worker] = parts[worker].LossCount == 0 ? default : Gradient(parts[worker], wanted));
        var taken = optimizer.Step(step, share, _team);
        return new Outcome(sums.Sum(sum => sum.Loss), sums.Sum(sum => sum.Right) / wanted, wanted, tokens, taken);
    }

    private (double Loss, double Right) Gradient(PackedBatch part, int wanted)
    {
        using var scope = NewDisposeScope();
        var hints = hinted > 0 ? new HintLoss(part, model.Shape) : null;
        var (logits, targets) = (model.Logits(part, hints), tensor(part.LossTargets));
        var loss = nn.functional.cross_entropy(logits, targets, reduction: nn.Reduction.Sum) / wanted;
        (hints?.Sum is { } missed ? loss + (missed * (hinted / wanted)) : loss).backward();
        return (loss.item<float>(), logits.detach().argmax(1).eq(targets).sum().item<long>());
    }
}
