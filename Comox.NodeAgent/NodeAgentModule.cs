using System.Diagnostics.CodeAnalysis;
using Comox.NodeAgent.Adapters;
using Comox.NodeAgent.Downloads;
using Comox.NodeAgent.Engines;
using Comox.NodeAgent.Engines.LlamaCpp;
using Comox.NodeAgent.Engines.Pairing;
using Comox.NodeAgent.Engines.Placement;
using Comox.NodeAgent.Engines.Provisioning;
using Comox.NodeAgent.Engines.VLlm;
using Comox.NodeAgent.Hardware.Gpus;
using Comox.NodeAgent.Health;
using Comox.NodeAgent.Health.Engines;
using Comox.NodeAgent.Health.Gpus;
using Comox.NodeAgent.ModelCache;
using Comox.NodeAgent.ModelCache.Bundles;
using Comox.NodeAgent.ModelCache.Stores;
using Comox.NodeAgent.SavedSlots;
using Comox.NodeAgent.Supervision;
using Comox.NodeAgent.Swapping;
using Comox.ServiceDefaults;
using Comox.ServiceDefaults.Clients;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;

namespace Comox.NodeAgent;

/// <summary>The node agent: engines, found or installed, supervised, loaded as they are asked for, and proxied under <c>/node</c>.</summary>
public static class NodeAgentModule
{
    public static IHostApplicationBuilder AddNodeAgent(this IHostApplicationBuilder builder)
    {
        builder.AddServiceDefaults();
        builder.AddOptions();
        builder.AddDownloads();
        builder.AddKinds();
        builder.AddProvisioning();
        builder.AddModels();
        builder.AddSupervision();
        builder.AddStatus();
        builder.AddGpus();
        builder.AddEngineHealth();
        return builder;
    }

    public static WebApplication MapNodeAgent(this WebApplication app)
    {
        var node = app.MapGroup("/node").RequireAuthorization();
        node.MapNode();
        node.MapEngines();
        node.MapCache();
        node.MapNodeMetrics();
        return app;
    }

    private static void AddOptions(this IHostApplicationBuilder builder)
    {
        builder.Services.AddSingleton<IValidateOptions<NodeAgentOptions>, NodeAgentOptionsValidator>();
        builder.Services.AddOptions<NodeAgentOptions>()
            .Configure(options => options.Hub = Uri.TryCreate(builder.Configuration["HF_ENDPOINT"], UriKind.Absolute, out var hub) ? hub : options.Hub)
            .BindConfiguration(NodeAgentOptions.Section)
            .ValidateOnStart();
    }

    private static void AddKinds(this IHostApplicationBuilder builder)
    {
        builder.Services.AddSingleton<EngineKinds>();
        builder.Services.AddSingleton<IEngineKind, LlamaCppKind>();
        builder.Services.AddSingleton<IEngineKind, VLlmKind>();
        builder.Services.AddSingleton<VLlmProgram>();
        builder.Services.AddSingleton(services => new VLlmSleep(EngineHttp(), services.GetRequiredService<TimeProvider>()));
        builder.Services.AddSingleton(services => new VLlmAdapters(EngineHttp(), services.GetRequiredService<TimeProvider>()));
        builder.Services.AddSingleton(_ => new LlamaCppSlots(EngineHttp()));
        builder.Services.AddSingleton<EnginePairing>();
        builder.Services.AddSingleton<NodeCards>();
        builder.Services.AddSingleton<NodePlaces>();
        builder.Services.AddSingleton<BuildHardwareReader>();
    }

    private static void AddProvisioning(this IHostApplicationBuilder builder)
    {
        builder.Services.AddSingleton<EngineProvisioner>();
        builder.Services.AddSingleton<EngineProbe>();
        builder.Services.AddDownloadClient<ReleaseInstaller>();
        builder.Services.AddSingleton<IEngineInstaller>(services => services.GetRequiredService<ReleaseInstaller>());
        builder.Services.AddSingleton<IEngineInstaller, DebianInstaller>();
    }

    private static void AddDownloads(this IHostApplicationBuilder builder)
    {
        builder.Services.AddSingleton<IDownloadDisk, LocalDisk>();
        builder.Services.AddSingleton(services => new DownloadBoard(services.GetRequiredService<NodeStatusBoard>().SetDownloads, services.GetRequiredService<TimeProvider>()));
        builder.Services.AddSingleton<VerifiedDownload>();
    }

    private static void AddModels(this IHostApplicationBuilder builder)
    {
        builder.Services.AddSingleton<ModelLibrary>();
        builder.Services.AddSingleton<AdapterLibrary>();
        builder.Services.AddSingleton<ModelCaches>();
        builder.Services.AddSingleton<ModelFetch>();
        builder.Services.AddSingleton<RepositoryFetch>();
        builder.Services.AddSingleton<BundleExport>();
        builder.Services.AddSingleton<BundleImport>();
        builder.Services.AddSingleton<CacheDrive>();
        builder.Services.AddSingleton<CacheRoom>();
        builder.Services.AddSingleton<BlobLeases>();
        builder.Services.AddSingleton<IDriveSpace, LocalDriveSpace>();
        builder.Services.AddSingleton<ModelStores>();
        builder.Services.AddDownloadClient<HubClient>(followRedirects: false);
        builder.Services.AddSingleton<INearStore, S3Store>();
        builder.Services.AddDownloadClient(nameof(PeerStore), followRedirects: false);
        builder.Services.AddSingleton<INearStore>(services => new PeerStore(
            services.GetRequiredService<IHttpClientFactory>().CreateClient(nameof(PeerStore)), () => ServiceClients.AuthorizationOf(services), services.GetRequiredService<IOptions<NodeAgentOptions>>()));
    }

    private static void AddSupervision(this IHostApplicationBuilder builder)
    {
        builder.Services.AddSingleton<AgentLock>();
        builder.Services.AddSingleton<ProcessTether>();
        builder.Services.AddSingleton<LeftoverEngines>();
        builder.Services.AddSingleton<ILoopbackPorts, LoopbackPorts>();
        builder.Services.AddSingleton<EngineStarter>();
        builder.Services.AddSingleton<SlotFolders>();
        builder.Services.AddSingleton<SlotSaver>();
        builder.Services.AddHostedService<SlotSweep>();
        builder.Services.AddSingleton<EngineReadiness>(services => new EngineReadiness(EngineHttp(), services.GetRequiredService<TimeProvider>()));
        builder.Services.AddSingleton(services => new EngineSleepTrial(services.GetRequiredService<NodeCards>(), EngineHttp(), services.GetRequiredService<TimeProvider>()));
        builder.Services.AddSingleton<EnginePreparation>();
        builder.Services.AddSingleton<EngineRunners>();
        builder.Services.AddHostedService<EngineSupervision>();
        builder.Services.AddSingleton<EngineRegistry>();
        builder.Services.AddSingleton<FileReadAhead>();
        builder.Services.AddSingleton<ISwapEffects, EngineSwapEffects>();
        builder.Services.AddSingleton<ReconciledMemory>();
        builder.Services.AddSingleton<ModelSwapper>();
        builder.Services.AddHostedService(services => services.GetRequiredService<ModelSwapper>());
        builder.Services.AddSingleton<EngineProxy>();
        builder.Services.AddHttpForwarder();
    }

    private static void AddStatus(this IHostApplicationBuilder builder)
    {
        builder.Services.AddSingleton<NodeStatusBoard>();
        builder.AddGatewayAdminClient();
        builder.Services.AddHostedService<GatewayRegistration>();
        builder.Services.AddHealthChecks().AddCheck<EngineHealthCheck>(EngineHealthCheck.Name, HealthStatus.Unhealthy);
    }

    private static void AddGpus(this IHostApplicationBuilder builder)
    {
        builder.Services.AddSingleton<IGpuSource>(_ => new NvmlSource(() => NvmlLibrary.TryLoad()));
        builder.Services.AddSingleton<IGpuSource>(services => new NvidiaSmiSource("nvidia-smi", TimeSpan.FromSeconds(4), services.GetRequiredService<TimeProvider>()));
        builder.Services.AddSingleton<IGpuSource>(_ => new AmdgpuSource("/sys/class/drm"));
        builder.Services.AddSingleton(services => new GpuReader(
            [.. services.GetServices<IGpuSource>()], TimeSpan.FromSeconds(5), services.GetRequiredService<TimeProvider>(), services.GetRequiredService<ILogger<GpuReader>>()));
        builder.Services.AddSingleton(_ => new KernelLog("/dev/kmsg"));
        builder.Services.AddSingleton<GpuMetrics>();
        builder.Services.AddHostedService<GpuSampler>();
    }

    // For what the agent itself asks of its engines; each question has a limit of its own.
    private static HttpClient EngineHttp() => new(new SocketsHttpHandler { UseProxy = false }) { Timeout = Timeout.InfiniteTimeSpan };
    private static void AddEngineHealth(this IHostApplicationBuilder builder)
    {
        builder.Services.AddSingleton<EngineQuestions>();
        builder.Services.AddSingleton<IEngineProgress, LlamaCppProgress>();
        builder.Services.AddSingleton<IEngineProgress, VllmProgress>();
        builder.Services.AddSingleton<SpeedBaselines>();
        builder.Services.AddSingleton<EngineSpeeds>();
        builder.Services.AddSingleton<EngineWatches>();
        builder.Services.AddSingleton<EngineMetrics>();
        builder.Services.AddHostedService<EngineHealthSampler>();
    }

    // No resilience handler and no time limit: a download takes as long as it takes, and VerifiedDownload notices silence.
    // No logging: it would be the one place where the hub's token could be written down.
    private static void AddDownloadClient<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] T>(this IServiceCollection services, bool followRedirects = true)
        where T : class
    {
        services.AddDownloadClient(typeof(T).Name, followRedirects);
        services.AddHttpClient<T>(typeof(T).Name);
    }

    private static void AddDownloadClient(this IServiceCollection services, string name, bool followRedirects) =>
        services.AddHttpClient(name, http => http.Timeout = Timeout.InfiniteTimeSpan)
            .ConfigurePrimaryHttpMessageHandler(() => new SocketsHttpHandler { AllowAutoRedirect = followRedirects, ConnectTimeout = TimeSpan.FromSeconds(10) })
            .RemoveAllLoggers();

    private sealed class NodeAgentOptionsValidator : IValidateOptions<NodeAgentOptions>
    {
        public ValidateOptionsResult Validate(string? name, NodeAgentOptions options)
        {
            var problems = NodeAgentOptions.Problems(options).ToList();
            return problems.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems);
        }
    }
}
