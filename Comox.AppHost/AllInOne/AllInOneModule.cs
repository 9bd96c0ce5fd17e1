using Comox.Gateway;
using Comox.Memory;
using Comox.NodeAgent;
using Comox.ServiceDefaults;
using Comox.ServiceDefaults.Clients;
using Comox.Web;

namespace Comox.AllInOne;

/// <summary>The four services in one process, on one port, with what a machine of its own needs: keys, a data folder, a first page.</summary>
internal static class AllInOneModule
{
    private const string DefaultUrl = "http://localhost:8080";

    public static void AddAllInOne(this WebApplicationBuilder builder)
    {
        // The banner says where it listens, and more.
        builder.Logging.AddFilter("Microsoft.Hosting.Lifetime", LogLevel.Warning);

        // `dotnet run` without a launch profile is the Production environment, where the console's assets are not looked up in the source tree otherwise.
        builder.WebHost.UseStaticWebAssets();

        var home = ComoxHome.Open(builder.Configuration);
        builder.Services.AddSingleton(home);
        // Two processes on one data folder would run two engines and deliver the same replies twice.
        var onlyOne = home.Lock(home.FilePath("comox.lock"), "Another Comox");
        builder.Services.AddSingleton(onlyOne);
        builder.Services.AddSingleton(LocalKeys.Provide(builder.Configuration, home));
        builder.AddSelfAddresses(DefaultUrl);

        // Services start in this order: the engine loads while the database opens.
        builder.AddNodeAgent();
        builder.AddMemory();
        builder.AddGateway();
        builder.AddWeb();

        builder.AddNodeAgentClient();
        builder.Services.AddSingleton(Console.Out);
        builder.Services.AddSingleton<StartupBanner>();
        builder.Services.AddHostedService<StartupProgress>();
    }

    public static void MapAllInOne(this WebApplication app)
    {
        app.MapGateway();
        app.MapMemory();
        app.MapNodeAgent();
        app.MapWeb();
    }
}
