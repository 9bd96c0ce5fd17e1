using Comox.Memory.Storage;
using Comox.ServiceDefaults.Clients;
using Comox.ServiceDefaults.Contracts.Memory;
using Microsoft.EntityFrameworkCore;

namespace Comox.Memory.Consolidation;

/// <summary>Work in the background, and how far it is.</summary>
internal static class ConsolidationModule
{
    public static void AddConsolidation(this IHostApplicationBuilder builder)
    {
        var services = builder.Services;
        services.AddOptionsRecord<ConsolidationOptions>(ConsolidationOptions.Section, options => options.Problems());
        services.AddRoles();
        builder.AddGatewayCompletionClient();
        services.AddSingleton<RoleModels>();
        services.AddSingleton<WorkerPlaces>();
        services.AddSingleton<SessionWorkers>();
        services.AddHostedService(provider => provider.GetRequiredService<SessionWorkers>());
    }

    /// <summary>The models of the roles; once, whoever needs them first.</summary>
    public static void AddRoles(this IServiceCollection services)
    {
        if (services.All(service => service.ServiceType != typeof(RoleOptions)))
            services.AddOptionsRecord<RoleOptions>(RoleOptions.Section, options => options.Problems());
    }

    /// <summary>Whatever may have added to a log wakes the workers, once it has been answered.</summary>
    public static RouteGroupBuilder WakeWorkers(this RouteGroupBuilder memory) => memory.AddEndpointFilter(static async (context, next) =>
    {
        var result = await next(context);
        if (!HttpMethods.IsGet(context.HttpContext.Request.Method))
            context.HttpContext.RequestServices.GetRequiredService<SessionWorkers>().Nudge();
        return result;
    });

    public static void MapConsolidation(this IEndpointRouteBuilder memory) => memory.MapGet("/status", StatusAsync);

    private static async Task<IResult> StatusAsync(MemoryDbFactory databases, WorkerPlaces places, CancellationToken cancellation)
    {
        await using var db = databases.Open();
        await places.TellAsync(db, cancellation);
        var states = new List<WorkerStatus>();
        foreach (var worker in places.Workers)
        {
            // One without a model has read nothing of anything; to count that would be to go through all sessions.
            var behind = !worker.IsEnabled ? null : await WorkerPlaces.Behind(db, worker.Name)
                .GroupBy(place => 1)
                .Select(all => new { Sessions = all.Count(), Events = all.Sum(place => place.Version - place.Number), Failing = all.Count(place => place.Failures > 0), Oldest = all.Min(place => place.UpdatedAt) })
                .FirstOrDefaultAsync(cancellation);
            states.Add(new WorkerStatus
            {
                Name = worker.Name, Enabled = worker.IsEnabled, SessionsBehind = behind?.Sessions ?? 0, EventsBehind = behind?.Events ?? 0, SessionsFailing = behind?.Failing ?? 0, Oldest = behind?.Oldest,
            });
        }

        return TypedResults.Json(new MemoryStatus(states), MemoryJson.Default.MemoryStatus);
    }
}
