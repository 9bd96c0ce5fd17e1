using Microsoft.AspNetCore.Hosting.StaticWebAssets;

namespace Comox.Web;

/// <summary>
/// Where this console's files are, whichever program hosts it. The build leaves them in the projects and packages they come from and lists them in
/// <c>Comox.Web.staticwebassets.*.json</c> beside the program, whose addresses differ from those in another host's own list. A publish copies
/// them, with the first addresses, and keeps the host's list alone.
/// </summary>
internal sealed class WebAssets
{
    private const string Name = "Comox.Web";

    public WebAssets(IHostEnvironment environment)
    {
        var built = PathOf($"{Name}.staticwebassets.runtime.json");
        var owner = File.Exists(built) ? Name : environment.ApplicationName;
        EndpointsManifest = PathOf($"{owner}.staticwebassets.endpoints.json");

        // The host only reads the build's list by itself in Development, and only its own.
        if (File.Exists(built) && environment is IWebHostEnvironment web)
        {
            var list = new ConfigurationBuilder().AddInMemoryCollection([new(WebHostDefaults.StaticWebAssetsKey, built)]).Build();
            StaticWebAssetsLoader.UseStaticWebAssets(web, list);
        }
    }

    public string EndpointsManifest { get; }

    private static string PathOf(string file) => Path.Combine(AppContext.BaseDirectory, file);
}
