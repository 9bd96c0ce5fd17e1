using System.Globalization;
using Comox.NodeAgent.ModelCache;
using Comox.ServiceDefaults.Contracts.Nodes;

namespace Comox.NodeAgent.Engines.Pairing;

/// <summary>
/// Which form of a model runs on which engine and card, and in words what to do where it does not. After vLLM's table of quantizations and hardware
/// (https://docs.vllm.ai/en/stable/features/quantization). Nothing here has met a real card yet.
/// </summary>
internal static class PairingRules
{
    public const string GgufOnVLlm =
        "vLLM's support of GGUF is experimental and slow. Serve a GGUF file with llama.cpp, or give vLLM the model in safetensors (INT8 W8A8, AWQ or FP8 where GGUF had Q8_0).";

    public const string SafetensorsOnLlamaCpp = "llama.cpp reads GGUF files alone. Name the model's GGUF repository, or serve this one with vLLM.";

    private static readonly Version Volta = new(7, 0);
    private static readonly Version Turing = new(7, 5);
    private static readonly Version Ampere = new(8, 0);

    /// <param name="model">In safetensors.</param>
    /// <param name="cards">Those it is to run on.</param>
    /// <returns>Why vLLM cannot serve it there, and what to do; null: it can, or nobody knows.</returns>
    public static string? VLlmRefusal(SafetensorsInfo model, IReadOnlyList<GpuStatus> cards)
    {
        var (least, what, instead) = Needs(model);
        foreach (var card in cards)
        {
            if (Version.TryParse(card.ComputeCapability, out var has) && has < least)
                return string.Create(CultureInfo.InvariantCulture, $"{what} needs a card of compute capability {least} or more, and {card.Name} (card {card.Index}) has {has}. {instead}");
        }

        return null;
    }

    private static (Version Least, string What, string Instead) Needs(SafetensorsInfo model) => model.Quantization switch
    {
        // Arithmetic in FP8 begins with Ada. Before that vLLM leaves activations as they are, and its Marlin kernels widen the weights on the way, whatever the file says of activations.
        { IsFloat: true } quantization => (Ampere, quantization.Words, "Use AWQ or GPTQ, or a GGUF file with llama.cpp."),
        { Method: "compressed-tensors", ActivationBits: null } quantization => (Ampere, quantization.Words, "Use AWQ or GPTQ, or a GGUF file with llama.cpp."),
        { Method: "awq" or "gptq" or "compressed-tensors" } quantization => (Turing, quantization.Words, "Use a GGUF file with llama.cpp."),
        null when model.DataType == "bfloat16" => (Ampere, "A model in bfloat16", "Use one in float16 or AWQ, or a GGUF file with llama.cpp."),
        _ => (Volta, "vLLM", "Use a GGUF file with llama.cpp."),
    };
}
