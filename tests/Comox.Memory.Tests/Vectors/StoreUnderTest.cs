using Comox.Memory.Vectors;
using Comox.ServiceDefaults;
using Comox.TestKit;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Comox.Memory.Tests.Vectors;

/// <summary>A vector store as the module makes it, with settings and a data folder of its own.</summary>
internal sealed class StoreUnderTest : IAsyncDisposable
{
    private readonly TempHome _home = new();
    private readonly Dictionary<string, string?> _settings;
    private readonly Func<ValueTask>? _cleanUp;
    private IHost _host;

    public StoreUnderTest(Dictionary<string, string?>? settings = null, Func<ValueTask>? cleanUp = null)
    {
        (_settings, _cleanUp) = (settings ?? [], cleanUp);
        _host = Build();
    }

    public string Home => _home.Path;

    public IServiceProvider Services => _host.Services;

    public IVectorStore Store => Services.GetRequiredService<IVectorStore>();

    /// <summary>Qdrant's REST API at an address. The machine that tests may be busy, so that without a timeout there is much time.</summary>
    public static StoreUnderTest Qdrant(Uri address, string? key = null, string prefix = "comox", TimeSpan? timeout = null, Func<ValueTask>? cleanUp = null) =>
        new(
            new()
            {
                ["ConnectionStrings:vectors_http"] = $"Endpoint={address}" + (key is null ? "" : $";Key={key}"),
                ["Comox:Memory:Vectors:CollectionPrefix"] = prefix,
                ["Comox:Memory:Vectors:QdrantTimeout"] = (timeout ?? TimeSpan.FromMinutes(1)).ToString(),
            },
            cleanUp);

    /// <summary>The service stops and starts again on the same data.</summary>
    public void Reopen()
    {
        Close();
        _host = Build();
    }

    public async ValueTask DisposeAsync()
    {
        Close();
        _home.Dispose();
        if (_cleanUp is not null)
            await _cleanUp();
    }

    private void Close()
    {
        _host.Dispose();
        SqliteConnection.ClearPool(new SqliteConnection($"Data Source={Path.Combine(Home, "memory", "vectors.db")};Default Timeout=30"));
    }

    private IHost Build()
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings { EnvironmentName = "Production" });
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>(_settings.Where(setting => setting.Value is not null))
        {
            [ComoxHome.Setting] = Home,
            [ServiceAuthentication.ServiceKeySetting] = TestService.ServiceKey,
        });
        builder.AddServiceDefaults();
        builder.AddVectors();
        return builder.Build();
    }
}

/// <summary>Points and filters with what a test does not care about filled in.</summary>
internal static class Vec
{
    public static readonly VectorSpace Space = new("tiny-embed", 3);
    public static readonly DateTimeOffset Noon = new(2026, 5, 4, 12, 0, 0, TimeSpan.Zero);

    public static VectorPoint Point(string id, params float[] vector) => new()
    {
        Id = id,
        Character = "brine",
        Session = "ses_1",
        Turn = $"turn of {id}",
        Witnesses = ["brine"],
        Kind = VectorKind.Turn,
        SaidAt = Noon,
        Vector = vector,
    };

    public static VectorQuery Near(string subject, params float[] vector) => new(new VectorFilter { Subject = subject }, vector, 10);

    public static async Task<string[]> IdsAsync(this IVectorStore store, VectorQuery query, VectorSpace? space = null)
    {
        var answer = await store.QueryAsync(space ?? Space, query, TestContext.Current.CancellationToken);
        Assert.True(answer.IsSuccess, answer.Error?.Message);
        return [.. answer.Value.Select(match => match.Id)];
    }

    /// <summary>All of a person's ids in a space, sorted.</summary>
    public static async Task<string[]> AllIdsAsync(this IVectorStore store, string subject, VectorSpace? space = null)
    {
        var dimension = (space ?? Space).Dimension;
        var ids = await store.IdsAsync(Near(subject, [.. Enumerable.Repeat(1f, dimension)]) with { Count = 1000 }, space);
        return [.. ids.Order(StringComparer.Ordinal)];
    }

    public static async Task PutAsync(this IVectorStore store, string subject, params VectorPoint[] points) => await store.PutAsync(Space, subject, points);

    public static async Task PutAsync(this IVectorStore store, VectorSpace space, string subject, params VectorPoint[] points) =>
        Assert.Null(await store.UpsertAsync(space, subject, points, TestContext.Current.CancellationToken));

    public static async Task<long> CountAsync(this IVectorStore store, string subject, VectorSpace? space = null)
    {
        var count = await store.CountAsync(space ?? Space, new VectorFilter { Subject = subject }, TestContext.Current.CancellationToken);
        Assert.True(count.IsSuccess, count.Error?.Message);
        return count.Value;
    }
}
