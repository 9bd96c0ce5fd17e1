using Comox.NodeAgent.Engines.Placement;
using Comox.NodeAgent.ModelCache;

namespace Comox.NodeAgent.Engines.Pairing;

/// <summary>A form of a model and the kind of engine that serves it.</summary>
/// <param name="Kind">One of <see cref="EngineKinds"/>.</param>
/// <param name="Artifact">The form.</param>
internal sealed record EngineForm(string Kind, EngineArtifact Artifact);

/// <summary>
/// Chooses among the forms of a model: the one for vLLM where this node has an NVIDIA card and vLLM, else the one for llama.cpp. A form that the settings give
/// to an engine goes to that; another one to the engine that reads it.
/// </summary>
internal sealed class EnginePairing(EngineKinds kinds, ModelLibrary library, NodeCards cards)
{
    public async Task<Outcome<EngineForm>> ChooseAsync(EngineSpec engine, CancellationToken cancellation)
    {
        var forms = new List<EngineForm>();
        foreach (var artifact in engine.Artifacts)
        {
            var kind = await KindOfAsync(artifact, cancellation);
            if (!kind.IsSuccess)
                return Outcome<EngineForm>.Failed($"The model {artifact.Model} cannot be had. {kind.Told} Then restart the engine; or correct {artifact.Setting}.", kind.Code);
            forms.Add(new EngineForm(kind.Value, artifact));
        }

        return Prefer(forms, forms.Exists(form => form.Kind == EngineKinds.VLlm) ? await MissingForVLlmAsync(cancellation) : null);
    }

    /// <param name="forms">What there is; at least one.</param>
    /// <param name="missingForVLlm">What keeps vLLM from running here; null: nothing.</param>
    internal static Outcome<EngineForm> Prefer(IReadOnlyList<EngineForm> forms, string? missingForVLlm) =>
        forms.OrderBy(form => form.Kind != EngineKinds.VLlm).FirstOrDefault(form => form.Kind != EngineKinds.VLlm || missingForVLlm is null) is { } form
            ? Outcome<EngineForm>.Of(form)
            : Outcome<EngineForm>.Failed($"{missingForVLlm} Correct that, or name a GGUF file in {forms[0].Artifact.Setting} to serve it with llama.cpp; then restart the engine.");

    private async Task<Outcome<string>> KindOfAsync(EngineArtifact artifact, CancellationToken cancellation)
    {
        if (artifact.Engine is { } named)
            return Outcome<string>.Of(named);
        if (artifact.Model is not { Length: > 0 } model || ModelReference.Parse(model) is not { } reference)
            return Outcome<string>.Of(EngineKinds.LlamaCpp); // Comox chooses, and chooses GGUF files.
        var format = await library.FormatOfAsync(reference, cancellation);
        return format.IsSuccess ? Outcome<string>.Of(format.Value == ModelFormats.Gguf ? EngineKinds.LlamaCpp : EngineKinds.VLlm) : format;
    }

    private async Task<string?> MissingForVLlmAsync(CancellationToken cancellation)
    {
        if (!(await cards.AtStartAsync(cancellation)).Any(NodeCards.IsNvidia))
            return "vLLM needs an NVIDIA card, and none is found on this node.";
        var program = await kinds.Of(EngineKinds.VLlm).FindAsync(cancellation);
        return program is { IsSuccess: true } ? null : program?.Problem ?? "vLLM is not installed.";
    }
}
