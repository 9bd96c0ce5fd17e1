using Comox.BuiltInModel.Model;
using Comox.BuiltInModel.Training;

namespace Comox.BuiltInModel.Export;

/// <summary>A LoRA adapter as llama-server's <c>--lora</c> takes it.</summary>
internal static class AdapterExport
{
    public static void Write(LoraAdapter adapter, string path, string name)
    {
        var file = new GgufWriter();
        file.Text("general.architecture", adapter.Shape.Architecture);
        file.Text("general.type", "adapter");
        file.Text("general.name", name);
        file.Text("general.license", "mit");
        file.Text("adapter.type", "lora");
        file.Real("adapter.lora.alpha", (float)adapter.Alpha);
        foreach (var (tensor, value) in adapter.All)
        {
            var values = Checkpoint.Values(value);
            file.Tensor(tensor, value.shape, tensor.EndsWith("attn_q.weight.lora_b", StringComparison.Ordinal) ? Pairs.Written(adapter.Shape, values, adapter.Shape.Heads) : values, quantize: false);
        }

        file.Write(path);
    }
}
