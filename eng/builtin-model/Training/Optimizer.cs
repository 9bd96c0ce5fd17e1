using Comox.BuiltInModel.Model;
using static TorchSharp.torch;

namespace Comox.BuiltInModel.Training;

internal sealed record OptimizerOptions
{
    /// <summary>Peak rate of Muon, which moves the matrices.</summary>
    public double MatrixRate { get; init; } = 0.012;

    /// <summary>
    /// Peak rate of AdamW, which moves the embedding and the norms; all weights without Muon, and then 0.003 is enough. With Muon copying comes after 0.5 million tokens at 0.012
    /// and after 1.1 million at 0.003 (without hints); 0.04, and matrices at 0.04 or 0.008, are slower than that. The longer a training, the less is best.
    /// </summary>
    public double Rate { get; init; } = 0.009;

    /// <summary>Of the matrices that Muon moves.</summary>
    public double Decay { get; init; } = 0.1;

    /// <summary>Of what AdamW moves: little, because a piece that comes once in a thousand steps would be gone before it comes again.</summary>
    public double RestDecay { get; init; } = 0.02;

    public bool UseMuon { get; init; } = true;
}

/// <summary>Muon for the matrices (momentum, then all directions made equally strong), AdamW for the rest.</summary>
internal sealed class Optimizer
{
    private const double Momentum = 0.95;
    private const double FirstBeta = 0.9;
    private const double SecondBeta = 0.95;
    private const double Clip = 1.0;

    private readonly OptimizerOptions _options;
    private readonly IReadOnlyDictionary<string, Tensor> _weights;
    private readonly string[] _matrices;
    private readonly string[] _others;

    public Optimizer(IReadOnlyDictionary<string, Tensor> weights, OptimizerOptions options)
    {
        (_weights, _options) = (weights, options);
        _matrices = [.. weights.Keys.Where(name => options.UseMuon && name != "embedding" && !name.EndsWith("kernel", StringComparison.Ordinal) && weights[name].dim() == 2)];
        _others = [.. weights.Keys.Except(_matrices)];
        foreach (var name in _matrices)
            State[name + ".momentum"] = zeros_like(weights[name]).detach().DetachFromDisposeScope();
        foreach (var name in _others)
        {
            State[name + ".first"] = zeros_like(weights[name]).detach().DetachFromDisposeScope();
            State[name + ".second"] = zeros_like(weights[name]).detach().DetachFromDisposeScope();
        }
    }

    public SortedDictionary<string, Tensor> State { get; } = new(StringComparer.Ordinal);

    /// <param name="step">From 1.</param>
    /// <param name="share">Of the peak rates, 0 to 1.</param>
    /// <param name="team">Who moves the matrices.</param>
    /// <returns>False when a gradient was no number, and nothing was changed.</returns>
    public bool Step(long step, double share, Team team)
    {
        using var none = no_grad();
        using var scope = NewDisposeScope();
        var finite = float.IsFinite(stack([.. _weights.Values.Select(weight => (weight.grad! * weight.grad!).sum())]).sum().item<float>());
        if (finite)
            Move(step, share, team);
        foreach (var weight in _weights.Values)
            weight.grad?.zero_();
        return finite;
    }

    private void Move(long step, double share, Team team)
    {
        Muon(share * _options.MatrixRate, team);
        Adam(step, share * _options.Rate);
    }

    private void Adam(long step, double rate)
    {
        var gradients = _others.Select(name => _weights[name].grad!).ToArray();
        var length = Math.Sqrt(gradients.Sum(gradient => (gradient * gradient).sum().item<float>()));
        var scale = Math.Min(1, Clip / (length + 1e-6));
        var whole = 1 - Math.Pow(SecondBeta, step);
        var kept = 1 - (rate * _options.RestDecay);
        var way = -rate / (1 - Math.Pow(FirstBeta, step));
        for (var index = 0; index < _others.Length; index++)
        {
            var (weight, gradient) = (_weights[_others[index]], gradients[index] * scale);
            var (first, second) = (State[_others[index] + ".first"], State[_others[index] + ".second"]);
            first.mul_(FirstBeta).add_(gradient, alpha: 1 - FirstBeta);
            second.mul_(SecondBeta).addcmul_(gradient, gradient, 1 - SecondBeta);
            var size = (second / whole).sqrt() + 1e-8;
            if (weight.dim() == 2)
                weight.mul_(kept);
            weight.add_(first / size, alpha: way);
        }
    }

    private void Muon(double rate, Team team)
    {
        if (_matrices.Length == 0)
            return;

        // Matrices of one shape go together: few large products instead of many small ones.
        var parts = new List<(Tensor Weight, Tensor Direction)>();
        foreach (var name in _matrices)
        {
            var (weight, momentum) = (_weights[name], State[name + ".momentum"]);
            momentum.mul_(Momentum).add_(weight.grad!);
            var direction = weight.grad!.add(momentum, alpha: Momentum);
            var count = name.EndsWith("qkv", StringComparison.Ordinal) || name.EndsWith("bcx", StringComparison.Ordinal) ? 3 : name.EndsWith("gate_up", StringComparison.Ordinal) ? 2 : 1;
            parts.AddRange(weight.chunk(count, 0).Zip(direction.chunk(count, 0)));
        }

        var kinds = parts.GroupBy(part => (part.Weight.shape.Max(), part.Weight.shape.Min())).Select(alike => alike.Chunk((alike.Count() + team.Workers - 1) / team.Workers).ToArray()).ToArray();
        team.Do(worker =>
        {
            using var none = no_grad();
            using var scope = NewDisposeScope();
            foreach (var shares in kinds.Where(shares => worker < shares.Length))
                Turn(shares[worker], rate);
        });
    }

    private void Turn((Tensor Weight, Tensor Direction)[] alike, double rate)
    {
        bool Tall(int index) => alike[index].Weight.shape[0] >= alike[index].Weight.shape[1];
        var even = Even(stack([.. alike.Select((part, index) => Tall(index) ? part.Direction : part.Direction.t())]));
        var kept = 1 - (rate * _options.Decay);
        for (var index = 0; index < alike.Length; index++)
        {
            var (weight, direction) = (alike[index].Weight, Tall(index) ? even[index] : even[index].t());
            var way = -rate * Math.Sqrt(Math.Max(1.0, (double)weight.shape[0] / weight.shape[1]));
            weight.mul_(kept).add_(direction, alpha: way);
        }
    }

    /// <summary>Newton-Schulz: five steps towards the nearest matrix whose singular values are all one.</summary>
    private static Tensor Even(Tensor tall)
    {
        var x = (tall / ((tall * tall).sum([1, 2], true).sqrt() + 1e-7)).to_type(Precision.Fastest);
        for (var round = 0; round < 5; round++)
        {
            var square = x.transpose(1, 2).matmul(x);
            var mixed = (square * -4.7750) + (square.matmul(square) * 2.0315);
            x = (x * 3.4445) + x.matmul(mixed);
        }

        return x.to_type(ScalarType.Float32);
    }
}
