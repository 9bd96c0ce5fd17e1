using Comox.NodeAgent.Engines.Provisioning;
using Comox.NodeAgent.ModelCache;
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
            var kind = services.GetRequiredService<EngineKinds>().Of(engine.Spec.Kind);
            var program = await kind.FindAsync(cancellation) ?? Outcome<EngineProgram>.Failed($"There is no {kind.Program} yet; the agent installs one when it starts.");
            if (!program.IsSuccess)
            {
                await Console.Error.WriteLineAsync(program.Problem);
                return 1;
            }

            var model = await ModelAsync(services, engine.Spec, cancellation);
            complete &= model.IsSuccess;
            Console.WriteLine(model.IsSuccess ? Describe(services, engine, kind, program.Value, model.Value) : $"# {engine.Id}: {model.Told}");
        }

        return complete ? 0 : 1;
    }

    // Neighbours answer with Offline, too; who only asks what would be started fetches nothing from them.
    private static async Task<Outcome<ChosenModel>> ModelAsync(IServiceProvider services, EngineSpec engine, CancellationToken cancellation) =>
        engine.Model is { Length: > 0 } named && ModelReference.Parse(named) is ModelReference.OnHub wanted && services.GetRequiredService<ModelCaches>().Find(wanted) is null
            ? Outcome<ChosenModel>.Failed($"its model {named} is not in the cache; bring it there with fetch {named}, or let the agent do so when it starts")
            : await services.GetRequiredService<ModelLibrary>().ChooseAsync(engine.Model, engine.Setting, [], (_, _) => { }, cancellation);

    private static string Describe(IServiceProvider services, EngineHandle engine, IEngineKind kind, EngineProgram program, ChosenModel model)
    {
        var service = kind.Serve(engine.Spec, model);
        var plan = kind.Plan(program, service, new EngineSeat(AnyPort, services.GetRequiredService<LeftoverEngines>().KeyFile(engine.Id)));
        return $"# {engine.Id}: {service.Model.Name}, about {service.MemoryBytes >> 20} MiB{(engine.Spec.IsPinned ? ", always loaded" : ", loaded when it is asked for")}; port 0 stands for one that is free then\n"
            + string.Join(' ', plan.Arguments.Prepend(plan.Program).Select(Quoted));
    }

    private static string Quoted(string word) => word.All(letter => char.IsAsciiLetterOrDigit(letter) || "-_./:=".Contains(letter)) ? word : $"'{word.Replace("'", "'\\''", StringComparison.Ordinal)}'";
}
