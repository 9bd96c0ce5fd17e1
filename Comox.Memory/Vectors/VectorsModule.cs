using Comox.Memory.Consolidation;
using Comox.Memory.Vectors.Embedding;
using Comox.Memory.Vectors.Qdrant;
using Comox.Memory.Vectors.Sqlite;
using Comox.ServiceDefaults.Clients;
using Microsoft.Extensions.Http.Resilience;
using Microsoft.Extensions.Options;
using Polly;

namespace Comox.Memory.Vectors;

/// <summary>Vectors: Qdrant where a connection string names one, else a file in the data folder; and the model that makes them.</summary>
internal static class VectorsModule
{
    public static IHostApplicationBuilder AddVectors(this IHostApplicationBuilder builder)
    {
        var services = builder.Services;
        services.AddOptions<VectorOptions>().BindConfiguration(VectorOptions.Section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<VectorOptions>, ValidVectorOptions>();
        services.AddSingleton(provider => provider.GetRequiredService<IOptions<VectorOptions>>().Value);

        services.AddRoles();
        builder.AddGatewayEmbeddingClient();
        services.AddSingleton<IEmbedder, GatewayEmbedder>();

        services.AddSingleton<VectorFile>();
        services.AddSingleton<SqliteVectorStore>();
        services.AddQdrant();
        services.AddSingleton<IVectorStore>(provider => QdrantConnection.Read(provider.GetRequiredService<IConfiguration>()).Connection is { } qdrant
            ? ActivatorUtilities.CreateInstance<QdrantVectorStore>(provider, ActivatorUtilities.CreateInstance<QdrantClient>(provider, HttpOf(provider), qdrant))
            : provider.GetRequiredService<SqliteVectorStore>());
        services.AddHealthChecks().AddCheck<VectorStoreCheck>(VectorStoreCheck.Name);
        return builder;
    }

    private static HttpClient HttpOf(IServiceProvider provider)
    {
        var http = provider.GetRequiredService<IHttpClientFactory>().CreateClient(nameof(QdrantClient));
        http.Timeout = Timeout.InfiniteTimeSpan;
        return http;
    }

    private static void AddQdrant(this IServiceCollection services) =>
        services.AddHttpClient(nameof(QdrantClient))
            // The store lives as long as the service, and its client with it: what follows a moved server is the pool.
            .ConfigurePrimaryHttpMessageHandler(() => new SocketsHttpHandler { PooledConnectionLifetime = TimeSpan.FromMinutes(2), ConnectTimeout = TimeSpan.FromSeconds(2) })
            .SetHandlerLifetime(Timeout.InfiniteTimeSpan)
            .AddStandardResilienceHandler()
            .Configure((resilience, provider) =>
            {
                // As between our own services, but everything is repeated, POST too: whatever this client sends leaves the same state when it is sent twice.
                var options = provider.GetRequiredService<VectorOptions>();
                resilience.TotalRequestTimeout.Timeout = options.QdrantTimeout;
                resilience.AttemptTimeout.Timeout = options.QdrantTimeout / 2;
                resilience.Retry.MaxRetryAttempts = 2;
                resilience.Retry.Delay = TimeSpan.FromMilliseconds(50);
                resilience.Retry.BackoffType = DelayBackoffType.Constant;
                // A server that has failed a few times in a row is not asked for a moment, so that a reply does not wait for it each time.
                resilience.CircuitBreaker.MinimumThroughput = 6;
                resilience.CircuitBreaker.FailureRatio = 0.9;
                resilience.CircuitBreaker.SamplingDuration = TimeSpan.FromSeconds(Math.Max(10, options.QdrantTimeout.TotalSeconds));
                resilience.CircuitBreaker.BreakDuration = TimeSpan.FromSeconds(5);
            });

    private sealed class ValidVectorOptions(IConfiguration configuration) : IValidateOptions<VectorOptions>
    {
        public ValidateOptionsResult Validate(string? name, VectorOptions options)
        {
            var problems = options.Problems().ToList();
            if (QdrantConnection.Read(configuration).Problem is { } problem)
                problems.Add(problem);
            return problems.Count > 0 ? ValidateOptionsResult.Fail(problems) : ValidateOptionsResult.Success;
        }
    }
}
