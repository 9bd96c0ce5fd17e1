using Comox.Memory.Consolidation;
using Comox.Memory.Graph;
using Comox.Memory.Identity;
using Comox.Memory.Identity.Drift;
using Comox.Memory.Ingestion;
using Comox.Memory.Recall;
using Comox.Memory.Sessions;
using Comox.Memory.ShortTerm;
using Comox.Memory.Storage;
using Comox.Memory.SuperPrompt;
using Comox.Memory.Vectors;
using Comox.ServiceDefaults;

namespace Comox.Memory;

/// <summary>Characters, conversations, and what characters remember. Everything is under <c>/memory</c>.</summary>
public static class MemoryModule
{
    public static IHostApplicationBuilder AddMemory(this IHostApplicationBuilder builder)
    {
        builder.AddServiceDefaults();
        var services = builder.Services;

        services.AddOptionsRecord<MemoryOptions>(MemoryOptions.Section, options => options.Problems());

        services.AddSingleton<MemoryDbFactory>();
        services.AddHostedService<DatabaseStart>();
        services.AddHealthChecks().AddCheck<MemoryDbCheck>(MemoryDbCheck.Name);

        builder.AddVectors();

        services.AddSingleton<CharacterStore>();
        services.AddSingleton<CharacterVersions>();
        services.AddSingleton<ExampleCharacters>();
        services.AddMetrics();
        services.AddSingleton<DriftTracker>();

        services.AddSingleton<ConversationLocks>();
        services.AddSingleton<NewSessions>();
        services.AddSingleton<LineWriter>();
        services.AddSingleton<ReplyRecorder>();
        services.AddSingleton<TurnErasure>();
        services.AddSingleton<SessionChanges>();
        services.AddSingleton<SessionEditor>();
        services.AddSingleton<SessionReplay>();

        services.AddSingleton<IFactExtractor, RuleFactExtractor>();
        services.AddSingleton<TurnFacts>();
        services.AddSingleton<RecallIndexes>();
        services.AddHostedService<RecallWarmUp>();
        services.AddSingleton<SideLaneSources>();
        services.AddSingleton<IntentRole>();

        builder.AddConsolidation();
        services.AddOptionsRecord<ShortTermOptions>(ShortTermOptions.Section, options => options.Problems());
        services.AddSingleton<ISessionWorker, SummarizeWorker>();
        services.AddSingleton<ISessionWorker, ExtractWorker>();
        services.AddSingleton<ISessionWorker, EmbedWorker>();
        services.AddSingleton<ISessionWorker, DriftWorker>();

        services.AddSingleton<IPromptFormat, StandardFormat>();
        services.AddSingleton<PromptAssembly>();
        services.AddSingleton<SuperPromptProcedure>();
        return builder;
    }

    public static WebApplication MapMemory(this WebApplication app)
    {
        var memory = app.MapGroup("/memory").RequireAuthorization().AddEndpointFilter<RouteGroupBuilder, StorageFailures>().WakeWorkers();
        memory.MapCharacters();
        memory.MapCharacterVersions();
        memory.MapSessions();
        memory.MapSessionEdits();
        memory.MapScenes();
        memory.MapConsolidation();
        memory.MapSuperPrompts();
        memory.MapFacts();
        memory.MapGraph();
        return app;
    }
}
