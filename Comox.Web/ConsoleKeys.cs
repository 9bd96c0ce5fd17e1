using Comox.ServiceDefaults;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.AspNetCore.DataProtection.Repositories;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;

namespace Comox.Web;

/// <summary>The keys that protect cookies and page state: kept in the data folder, so that a restart signs nobody out.</summary>
internal static class ConsoleKeys
{
    public static void AddConsoleKeys(this IServiceCollection services)
    {
        services.AddDataProtection().SetApplicationName("comox-web");
        services.AddOptions<KeyManagementOptions>().Configure<ComoxHome, ILoggerFactory>((options, home, logs) =>
            options.XmlRepository = new FileSystemXmlRepository(new DirectoryInfo(home.Folder("web", "keys")), logs));
        // It warns that the keys lie in clear text. They lie in a folder that only this user can enter, as every secret of Comox does.
        services.AddLogging(logging => logging.AddFilter("Microsoft.AspNetCore.DataProtection.KeyManagement.XmlKeyManager", LogLevel.Error));
        services.AddHealthChecks().AddCheck<KeysCheck>("web");
    }

    public static void AddWebOptions(this IServiceCollection services)
    {
        services.AddOptions<WebOptions>().BindConfiguration(WebOptions.Section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<WebOptions>, WebOptionsCheck>();
    }

    private sealed class WebOptionsCheck : IValidateOptions<WebOptions>
    {
        public ValidateOptionsResult Validate(string? name, WebOptions options) =>
            options.Problem is { } problem ? ValidateOptionsResult.Fail(problem) : ValidateOptionsResult.Success;
    }

    /// <summary>Without a key nobody can sign in and no page becomes interactive.</summary>
    private sealed class KeysCheck(IDataProtectionProvider protection) : IHealthCheck
    {
        public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
        {
            try
            {
                protection.CreateProtector("health").Protect([1]);
                return Task.FromResult(HealthCheckResult.Healthy());
            }
            catch (Exception problem)
            {
                return Task.FromResult(HealthCheckResult.Unhealthy("The console's keys cannot be read or written.", problem));
            }
        }
    }
}
