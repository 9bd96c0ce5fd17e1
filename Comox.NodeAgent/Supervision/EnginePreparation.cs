using Comox.NodeAgent.Adapters;
using Comox.NodeAgent.Engines;
using Comox.NodeAgent.Engines.Pairing;
using Comox.NodeAgent.Engines.Placement;
using Comox.NodeAgent.Engines.Provisioning;
using Comox.NodeAgent.ModelCache;

namespace Comox.NodeAgent.Supervision;

/// <summary>What is to be run, and where it may be put.</summary>
internal sealed record EngineRecipe(IEngineKind Kind, EngineProgram Program, EngineService Service, IReadOnlyList<EnginePlace> Places);

/// <summary>All that comes before an engine can be started: which form of the model on which engine, the program, the model itself, and the memory for it.</summary>
internal sealed class EnginePreparation(EngineKinds kinds, EnginePairing pairing, ModelLibrary library, AdapterLibrary adapters, NodePlaces places)
{
    /// <summary>Which form of the model is served, and by what.</summary>
    public Task<Outcome<EngineForm>> FormAsync(EngineSpec engine, CancellationToken cancellation) => pairing.ChooseAsync(engine, cancellation);

    public IEngineKind KindOf(EngineForm form) => kinds.Of(form.Kind);

    /// <param name="engine">Which engine.</param>
    /// <param name="form">What <see cref="FormAsync"/> chose.</param>
    /// <param name="program">The program of its kind.</param>
    /// <param name="refused">What the engine could not load.</param>
    /// <param name="report">Hears how far it is.</param>
    /// <param name="cancellation">Ends the wait.</param>
    public async Task<Outcome<EngineRecipe>> RecipeAsync(
        EngineSpec engine, EngineForm form, EngineProgram program, IReadOnlyList<RefusedModel> refused, ProgressReport report, CancellationToken cancellation)
    {
        var kind = KindOf(form);
        var model = await library.ChooseAsync(form.Artifact.Model, form.Artifact.Setting, kind.Format, refused, report, cancellation);
        if (!model.IsSuccess)
            return Outcome<EngineRecipe>.Failed(model.Problem, model.Code);
        if (kind.Refusal(model.Value.Info, []) is { } wrongForm)
            return Outcome<EngineRecipe>.Failed($"{wrongForm} Correct {form.Artifact.Setting}, then restart the agent.");

        var name = kind.Serve(engine, model.Value, []).Model.Name;
        var service = kind.Serve(engine, model.Value, await adapters.ChooseAsync(engine, model.Value, name, report, cancellation));
        var allowed = EnginePlacement.Of(engine, kind, program, service.MemoryBytes, await places.AllAsync(cancellation));
        if (!allowed.IsSuccess)
            return Outcome<EngineRecipe>.Failed(allowed.Problem);
        var good = allowed.Value.Where(place => kind.Refusal(model.Value.Info, place.Cards) is null).ToList();
        return good.Count > 0
            ? Outcome<EngineRecipe>.Of(new EngineRecipe(kind, program, service, good))
            : Outcome<EngineRecipe>.Failed($"{kind.Refusal(model.Value.Info, allowed.Value[0].Cards)} Correct {form.Artifact.Setting}, then restart the agent.");
    }
}
