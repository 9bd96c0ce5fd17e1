using Microsoft.AspNetCore.Hosting.StaticWebAssets;

namespace Comox.Web;

/// <summary>
/// Where this console's files are, whichever program hosts it. The build leaves them in the projects and packages they come from and lists them in
/// <c>Comox.Web.staticwebassets.*.json</c> beside the program; a publish copies them, and for another host (AllInOne) below <c>_content/Comox.Web</c>
/// and into that host's list.
/// </summary>
internal sealed class WebAssets
{
    private const string Name = "Comox.Web";

    private readonly string _prefix;

    public WebAssets(IHostEnvironment environment)
    {
        var built = PathOf($"{Name}.staticwebassets.runtime.json");
        var owner = File.Exists(built) || environment.ApplicationName == Name ? Name : environment.ApplicationName;
        _prefix = owner == Name ? "" : $"_content/{Name}/";
        EndpointsManifest = PathOf($"{owner}.staticwebassets.endpoints.json");

        // The host only reads the build's list by itself in Development, and only its own.
        if (File.Exists(built) && environment is IWebHostEnvironment web)
        {
            var list = new ConfigurationBuilder().AddInMemoryCollection([new(WebHostDefaults.StaticWebAssetsKey, built)]).Build();
            StaticWebAssetsLoader.UseStaticWebAssets(web, list);
        }
    }

    public string EndpointsManifest { get; }

    public string ScopedStyles => Own($"{Name}.styles.css");

    public string BlazorScript => Own("_framework/blazor.web.js");

    public string Own(string file) => _prefix + file;

    private static string PathOf(string file) => Path.Combine(AppContext.BaseDirectory, file);
}
