using Comox.NodeAgent.Adapters;
using Comox.NodeAgent.Engines.Provisioning;
using Comox.NodeAgent.ModelCache;
using Comox.NodeAgent.SavedSlots;
using Comox.NodeAgent.Supervision;
using Comox.ServiceDefaults;
using Microsoft.Extensions.Options;

namespace Comox.NodeAgent.Engines;

/// <summary>The verb <c>plan</c>: what the agent would start, and nothing is started, installed or fetched.</summary>
internal static class PlanVerb
{
    private const int AnyPort = 0;

    /// <returns>The exit code: 0 all could be started, 1 not all; null: another verb, or none.</returns>
    public static async Task<int?> RunAsync(string[] args)
    {
        if (args is not ["plan", .. var settings])
            return null;
        try
        {
            var builder = Host.CreateApplicationBuilder(settings);
            builder.Logging.ClearProviders();
            builder.AddNodeAgent();
            builder.Services.PostConfigure<NodeAgentOptions>(options => options.Offline = true);
            using var host = builder.Build();
            return await PrintAsync(host.Services, CancellationToken.None);
        }
        catch (Exception problem) when (problem is OptionsValidationException or StartupProblem or IOException or UnauthorizedAccessException)
        {
            await Console.Error.WriteLineAsync(problem is StartupProblem known ? $"{known.Message} {known.WayOut}" : problem.Message);
            return 1;
        }
    }

    private static async Task<int> PrintAsync(IServiceProvider services, CancellationToken cancellation)
    {
        var complete = true;
        foreach (var engine in services.GetRequiredService<EngineRegistry>().All)
        {
            var recipe = await RecipeAsync(services, engine.Spec, cancellation);
            complete &= recipe.IsSuccess;
            Console.WriteLine(recipe.IsSuccess ? Describe(services, engine, recipe.Value) : $"# {engine.Id}: {recipe.Told}");
        }

        return complete ? 0 : 1;
    }

    private static async Task<Outcome<EngineRecipe>> RecipeAsync(IServiceProvider services, EngineSpec engine, CancellationToken cancellation)
    {
        var preparation = services.GetRequiredService<EnginePreparation>();
        if (engine.Artifacts.FirstOrDefault(artifact => artifact.Engine is null && IsAbsent(services, artifact)) is { } unknown)
            return Absent(unknown);
        var form = await preparation.FormAsync(engine, cancellation);
        if (!form.IsSuccess)
            return Outcome<EngineRecipe>.Failed(form.Problem, form.Code);
        if (IsAbsent(services, form.Value.Artifact))
            return Absent(form.Value.Artifact);
        var kind = preparation.KindOf(form.Value);
        var program = await kind.FindAsync(cancellation) ?? Outcome<EngineProgram>.Failed($"There is no {kind.Program} yet; the agent installs one when it starts.");
        return program.IsSuccess
            ? await preparation.RecipeAsync(engine with { Adapters = [.. engine.Adapters.Where(adapter => !IsAbsent(services, new EngineArtifact(adapter.Model, null, adapter.Setting), "adapter_config.json"))] }, form.Value, program.Value, [], (_, _) => { }, cancellation)
            : Outcome<EngineRecipe>.Failed(program.Problem);
    }

    // Neighbours answer with Offline, too; who only asks what would be started fetches nothing from them.
    private static bool IsAbsent(IServiceProvider services, EngineArtifact artifact, string config = "config.json") =>
        ModelReference.Parse(artifact.Model ?? "") is ModelReference.OnHub wanted && services.GetRequiredService<ModelCaches>() is var caches
        && caches.Find(wanted) is null && (wanted.Selector is not null || caches.FindFolder(wanted.Repository, config) is null);

    private static Outcome<EngineRecipe> Absent(EngineArtifact artifact) =>
        Outcome<EngineRecipe>.Failed($"its model {artifact.Model} is not in the cache; bring it there with fetch {artifact.Model}, or let the agent do so when it starts");

    private static string Describe(IServiceProvider services, EngineHandle engine, EngineRecipe recipe)
    {
        var (service, place) = (recipe.Service, recipe.Places.MaxBy(place => place.Bytes)!);
        var plan = recipe.Kind.Plan(recipe.Program, service, new EngineSeat(AnyPort, services.GetRequiredService<LeftoverEngines>().KeyFile(engine.Id), place, service.MemoryBytes) { SlotFolder = services.GetRequiredService<SlotSaver>().FolderOf(engine.Id) });
        var where = place.IsHost ? "" : $" on {string.Join(" and ", place.Cards.Select(card => $"card {card.Index} ({card.Name})"))}";
        var variables = plan.Environment.Select(variable => $"{variable.Key}={Quoted(variable.Value)}").Concat(plan.KeyVariable is { } key ? [$"{key}=(made anew at each start)"] : (IEnumerable<string>)[]).ToList();
        return $"# {engine.Id}: {recipe.Kind.Name}, {service.Model.Name}, about {service.MemoryBytes >> 20} MiB{where}{(engine.Spec.IsPinned ? ", always loaded" : ", loaded when it is asked for")}; port 0 stands for one that is free then\n"
            + string.Concat(engine.Spec.Adapters.Select(adapter => $"# adapter {adapter.Name}: {Words(adapter)}\n"))
            + (recipe.Program.Notice is { } notice ? $"# {notice}\n" : "")
            + (variables.Count == 0 ? "" : $"# with {string.Join(' ', variables)}\n")
            + string.Join(' ', plan.Arguments.Prepend(plan.Program).Select(Quoted));

        string Words(AdapterSpec adapter) => service.Adapters.FirstOrDefault(known => known.Name == adapter.Name) is not { } chosen
            ? $"{adapter.Model} is not in the cache; the agent fetches it when it starts"
            : chosen.Problem ?? chosen.Path;
    }

    private static string Quoted(string word) => word.All(letter => char.IsAsciiLetterOrDigit(letter) || "-_./:=".Contains(letter)) ? word : $"'{word.Replace("'", "'\\''", StringComparison.Ordinal)}'";
}
