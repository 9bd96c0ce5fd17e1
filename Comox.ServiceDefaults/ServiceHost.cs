using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Configuration.Memory;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Comox.ServiceDefaults;

/// <summary>Builds and runs one process, and turns what keeps it from starting into a message with a way out.</summary>
public static class ServiceHost
{
    /// <returns>The exit code: 0 after a clean stop, 1 when it could not start.</returns>
    public static async Task<int> RunAsync(string[] args, Action<WebApplicationBuilder> add, Action<WebApplication> map)
    {
        try
        {
            var builder = WebApplication.CreateBuilder(args);
            AddQuietLogging(builder.Configuration);
            builder.Logging.AddSimpleConsole(console =>
            {
                console.SingleLine = true;
                console.TimestampFormat = "HH:mm:ss ";
            });
            // Containers are killed 10 s after they were asked to stop; what is to be saved is saved before that. A gateway whose streams are given longer by the settings
            // asks for that much, and then the container must be given longer, too.
            builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(8));
            add(builder);
            await using var app = builder.Build();
            app.UseApiErrors();
            app.MapHealthEndpoints();
            map(app);

            // Both would be found out during start as well, but after everything else has been opened, and with a stack trace.
            app.Services.GetService<IStartupValidator>()?.Validate();
            ListenCheck.Run(app.Configuration[WebHostDefaults.ServerUrlsKey]);
            await app.RunAsync();
            return 0;
        }
        catch (Exception problem) when (Explain(problem) is { } message)
        {
            await Console.Error.WriteLineAsync(message);
            return 1;
        }
    }

    private static string? Explain(Exception problem) => problem switch
    {
        StartupProblem known => $"Comox cannot start. {known.Message}\n{known.WayOut}",
        OptionsValidationException invalid => Explain([invalid]),
        AggregateException several when several.InnerExceptions.All(inner => inner is OptionsValidationException) =>
            Explain(several.InnerExceptions.Cast<OptionsValidationException>()),
        AggregateException { InnerExceptions: [var only] } => Explain(only),
        // "Failed to convert configuration value 'abc' at 'Comox:NodeAgent:Slots' to type 'System.Int32'."
        InvalidOperationException { InnerException: not null } unreadable when unreadable.Message.Contains("configuration value", StringComparison.Ordinal) =>
            $"Comox cannot start: a setting has a value of the wrong kind.\n  - {unreadable.Message}",
        _ => null,
    };

    private static string Explain(IEnumerable<OptionsValidationException> invalid) =>
        $"Comox cannot start: the settings are not valid.\n{string.Join('\n', invalid.SelectMany(section => section.Failures).Select(failure => $"  - {failure}"))}\n" +
        "Set them as environment variables (Comox__Gateway__AdminKey for Comox:Gateway:AdminKey), arguments or in appsettings.json.";

    // Below every other source, so that appsettings.json, the environment and arguments still decide.
    private static void AddQuietLogging(IConfigurationBuilder configuration) =>
        configuration.Sources.Insert(0, new MemoryConfigurationSource
        {
            InitialData = new Dictionary<string, string?>
            {
                ["Logging:LogLevel:Default"] = "Information",
                ["Logging:LogLevel:Microsoft"] = "Warning",
                ["Logging:LogLevel:System.Net.Http.HttpClient"] = "Warning",
                ["Logging:LogLevel:Microsoft.Hosting.Lifetime"] = "Information",
                ["Logging:LogLevel:Microsoft.AspNetCore.DataProtection"] = "Error",
                // A probe that finds the engine still loading is no failure; the node agent says what it is doing.
                ["Logging:LogLevel:Microsoft.Extensions.Diagnostics.HealthChecks"] = "None",
                ["Logging:LogLevel:Polly"] = "Warning",
                ["Logging:LogLevel:Yarp"] = "Warning",
            },
        });
}
