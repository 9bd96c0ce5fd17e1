using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Comox.TestKit;

/// <summary>Modules on a real Kestrel at a free port of 127.0.0.1, with settings of the test and none of the machine's.</summary>
public sealed class TestService : IAsyncDisposable
{
    public const string ServiceKey = "test-service-key-0123456789";
    public const string AdminKey = "test-admin-key";

    private readonly WebApplication _app;

    private TestService(WebApplication app) => _app = app;

    public Uri Address => new(_app.Services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.First());

    public IServiceProvider Services => _app.Services;

    public static async Task<TestService> StartAsync(
        Action<WebApplicationBuilder> add, Action<WebApplication> map, IEnumerable<KeyValuePair<string, string?>>? settings = null)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { EnvironmentName = "Production" });
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        builder.Services.AddRoutingCore();
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Comox:ServiceKey"] = ServiceKey,
            ["Comox:Gateway:AdminKey"] = AdminKey,
        });
        builder.Configuration.AddInMemoryCollection(settings);
        builder.Logging.ClearProviders();
        add(builder);
        var app = builder.Build();
        map(app);
        try
        {
            await app.StartAsync();
        }
        catch
        {
            await app.DisposeAsync();
            throw;
        }

        return new TestService(app);
    }

    /// <summary>A client that sends a key; null: none.</summary>
    public HttpClient CreateClient(string? key = AdminKey)
    {
        var http = new HttpClient { BaseAddress = Address, Timeout = TimeSpan.FromSeconds(60) };
        if (key is not null)
            http.DefaultRequestHeaders.Authorization = new("Bearer", key);
        return http;
    }

    public async ValueTask DisposeAsync()
    {
        // A test that leaves a request open must not wait for Kestrel's patience.
        using var impatient = new CancellationTokenSource(TimeSpan.FromMilliseconds(500), TimeProvider.System);
        await _app.StopAsync(impatient.Token);
        await _app.DisposeAsync();
    }
}
