using static TorchSharp.torch;

namespace Comox.BuiltInModel.Model;

/// <summary>Small matrices that are added to a model's query and value matrices: B·A, times alpha / rank. At first B is zero.</summary>
internal sealed class LoraAdapter
{
    private static readonly (string Name, int Part)[] Targets = [("attn_q", 0), ("attn_v", 2)];

    private readonly LlamaWeights _base;

    public LoraAdapter(LlamaWeights weights, int rank, double alpha)
    {
        (_base, Rank, Alpha) = (weights, rank, alpha);
        foreach (var weight in weights.All.Values)
            weight.requires_grad_(false);
        var width = weights.Shape.Width;
        foreach (var layer in weights.Shape.AttentionLayers)
        {
            foreach (var (name, _) in Targets)
            {
                All[$"blk.{layer}.{name}.weight.lora_a"] = (randn(rank, width) / Math.Sqrt(width)).detach().requires_grad_().DetachFromDisposeScope();
                All[$"blk.{layer}.{name}.weight.lora_b"] = zeros(width, rank).requires_grad_().DetachFromDisposeScope();
            }
        }
    }

    public ModelShape Shape => _base.Shape;

    public int Rank { get; }

    public double Alpha { get; }

    /// <summary>By the names of the GGUF file, always in the same order. A is [rank, in], B is [out, rank].</summary>
    public SortedDictionary<string, Tensor> All { get; } = new(StringComparer.Ordinal);

    /// <summary>The layer's matrix for queries, keys and values with the adapter in it.</summary>
    public Tensor Qkv(int layer)
    {
        var parts = _base.Layers[layer].Inputs.chunk(3, 0);
        foreach (var (name, part) in Targets)
            parts[part] = parts[part] + (All[$"blk.{layer}.{name}.weight.lora_b"].matmul(All[$"blk.{layer}.{name}.weight.lora_a"]) * (Alpha / Rank));
        return cat(parts);
    }
}
