using Comox.Memory.Identity;
using Comox.Memory.Identity.Drift;
using Comox.Memory.Ingestion;
using Comox.Memory.Recall;
using Comox.Memory.Sessions;
using Comox.Memory.Storage;
using Comox.Memory.SuperPrompt;
using Comox.ServiceDefaults;
using Microsoft.Extensions.Options;

namespace Comox.Memory;

/// <summary>Characters, conversations, and what characters remember. Everything is under <c>/memory</c>.</summary>
public static class MemoryModule
{
    public static IHostApplicationBuilder AddMemory(this IHostApplicationBuilder builder)
    {
        builder.AddServiceDefaults();
        var services = builder.Services;

        services.AddOptions<MemoryOptions>().BindConfiguration(MemoryOptions.Section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<MemoryOptions>, ValidMemoryOptions>();
        services.AddSingleton(provider => provider.GetRequiredService<IOptions<MemoryOptions>>().Value);

        services.AddSingleton<MemoryDbFactory>();
        services.AddHostedService<DatabaseStart>();
        services.AddHealthChecks().AddCheck<MemoryDbCheck>(MemoryDbCheck.Name);

        services.AddSingleton<CharacterStore>();
        services.AddSingleton<CharacterVersions>();
        services.AddSingleton<ExampleCharacters>();
        services.AddMetrics();
        services.AddSingleton<DriftTracker>();

        services.AddSingleton<ConversationLocks>();
        services.AddSingleton<NewSessions>();
        services.AddSingleton<LineWriter>();
        services.AddSingleton<ReplyRecorder>();

        services.AddSingleton<IFactExtractor, RuleFactExtractor>();
        services.AddSingleton<RecallIndexes>();

        services.AddSingleton<IPromptFormat, StandardFormat>();
        services.AddSingleton<IPromptFormat, TinyTalkerFormat>();
        services.AddSingleton<PromptAssembly>();
        services.AddSingleton<SuperPromptProcedure>();
        return builder;
    }

    public static WebApplication MapMemory(this WebApplication app)
    {
        var memory = app.MapGroup("/memory").RequireAuthorization().AddEndpointFilter<RouteGroupBuilder, StorageFailures>();
        memory.MapCharacters();
        memory.MapCharacterVersions();
        memory.MapSessions();
        memory.MapSuperPrompts();
        memory.MapFacts();
        return app;
    }

    private sealed class ValidMemoryOptions : IValidateOptions<MemoryOptions>
    {
        public ValidateOptionsResult Validate(string? name, MemoryOptions options) =>
            options.Problems().ToList() is { Count: > 0 } problems ? ValidateOptionsResult.Fail(problems) : ValidateOptionsResult.Success;
    }
}
