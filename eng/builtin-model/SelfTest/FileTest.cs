using Comox.BuiltInModel.Export;
using Comox.BuiltInModel.Model;
using Comox.BuiltInModel.Training;

namespace Comox.BuiltInModel.SelfTest;

/// <summary>What is written is read back.</summary>
internal static class FileTest
{
    public static void Run(string work, string folder)
    {
        var path = Path.Combine(work, "written.gguf");
        var (weights, tokenizer) = ModelImport.Read(folder);

        ModelExport.Write(folder, path, "selftest", quantize: false);
        var (exact, exactTokenizer) = ModelImport.Read(path);
        SelfTestVerb.Check(
            exact.Shape == weights.Shape && exactTokenizer.Pieces.SequenceEqual(tokenizer.Pieces) && Farthest(weights, exact) == 0,
            $"a model in float32 is read back as it was: {exact.Shape}");

        ModelExport.Write(folder, path, "selftest");
        var farthest = Farthest(weights, ModelImport.Read(path).Weights);
        SelfTestVerb.Check(farthest is > 0 and < 0.57, $"one of 8 bits is read back at most {farthest:F3} of a step away");

        var whole = File.ReadAllBytes(path);
        foreach (var kept in new[] { 0, 3, 100, whole.Length / 100, whole.Length / 2, whole.Length - 40 })
        {
            File.WriteAllBytes(path, whole[..kept]);
            var problem = Problem(path);
            SelfTestVerb.Check(problem is not null, $"a file that ends after {kept} of {whole.Length} bytes is told of: {problem}");
        }
    }

    /// <summary>In steps of the block that a weight is in: a 127th of the largest of 32, or where that is next to nothing a ten-thousandth, for a step is written in 16 bits.</summary>
    private static double Farthest(LlamaWeights written, LlamaWeights read)
    {
        var farthest = 0.0;
        foreach (var (name, weight) in written.All)
        {
            foreach (var (block, back) in Checkpoint.Values(weight).Chunk(32).Zip(Checkpoint.Values(read.All[name]).Chunk(32)))
            {
                var step = block.Max(Math.Abs) / 127;
                farthest = Math.Max(farthest, block.Zip(back, (one, other) => Math.Abs(one - other)).Max() / Math.Max(step, 1e-4));
            }
        }

        return farthest;
    }

    private static string? Problem(string path)
    {
        try
        {
            ModelImport.Read(path);
            return null;
        }
        catch (InvalidDataException problem)
        {
            return problem.Message;
        }
    }
}
