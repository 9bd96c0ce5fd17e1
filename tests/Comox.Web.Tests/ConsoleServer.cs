using System.Net;
using Comox.ServiceDefaults;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Comox.Web.Tests;

/// <summary>The console on a real Kestrel, in front of a <see cref="FakeComox"/>.</summary>
internal sealed class ConsoleServer : IAsyncDisposable
{
    public const string AdminKey = "adm-of-the-tests";

    private readonly WebApplication _app;
    private readonly DirectoryInfo _home;

    private ConsoleServer(WebApplication app, DirectoryInfo home) => (_app, _home) = (app, home);

    public Uri Address => new(_app.Urls.First());
    public string Home => _home.FullName;

    /// <param name="fake">The services behind the console.</param>
    /// <param name="remote">What the connection claims as the caller's address; null: the real one, loopback.</param>
    /// <param name="home">An earlier console's data folder, to start again on it.</param>
    /// <param name="adminKey">The key that signs in.</param>
    /// <param name="trustLoopback">The setting of that name.</param>
    public static async Task<ConsoleServer> StartAsync(FakeComox fake, IPAddress? remote = null, string? home = null, string adminKey = AdminKey, bool trustLoopback = true)
    {
        var folder = home is null ? Directory.CreateTempSubdirectory("comox-web-") : new DirectoryInfo(home);
        var builder = WebApplication.CreateBuilder();
        builder.Logging.ClearProviders();
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["urls"] = "http://127.0.0.1:0",
            [ComoxHome.Setting] = folder.FullName,
            [ServiceAuthentication.ServiceKeySetting] = FakeComox.ServiceKey,
            [ServiceAuthentication.AdminKeySetting] = adminKey,
            ["Comox:Web:TrustLoopback"] = trustLoopback ? "true" : "false",
            ["services:gateway:http:0"] = fake.Address,
            ["services:memory:http:0"] = fake.Address,
            ["services:nodeagent:http:0"] = fake.Address,
        });
        builder.AddWeb();
        if (remote is not null)
            builder.Services.AddSingleton<IStartupFilter>(new Caller(remote));
        var app = builder.Build();
        app.MapHealthEndpoints();
        app.MapGet("/v1/models", () => "models");
        app.MapWeb();
        await app.StartAsync();
        return new ConsoleServer(app, folder);
    }

    public HttpClient Client(params (string Name, string Value)[] headers)
    {
        var client = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, CookieContainer = new CookieContainer() }) { BaseAddress = Address };
        client.DefaultRequestHeaders.Add("Accept", "text/html,*/*");
        foreach (var (name, value) in headers)
            client.DefaultRequestHeaders.TryAddWithoutValidation(name, value);
        return client;
    }

    public ValueTask StopAsync() => _app.DisposeAsync();

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        if (_home.Exists)
            _home.Delete(recursive: true);
    }

    /// <summary>Before everything else, also before the authentication that the host puts in front by itself.</summary>
    private sealed class Caller(IPAddress address) : IStartupFilter
    {
        public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
        {
            app.Use((context, rest) =>
            {
                context.Connection.RemoteIpAddress = address;
                return rest(context);
            });
            next(app);
        };
    }
}
