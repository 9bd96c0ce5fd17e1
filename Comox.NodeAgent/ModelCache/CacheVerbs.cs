using Comox.NodeAgent.ModelCache.Bundles;
using Comox.NodeAgent.ModelCache.Stores;
using Comox.ServiceDefaults;
using Microsoft.Extensions.Options;

namespace Comox.NodeAgent.ModelCache;

/// <summary>What the node agent's program does instead of serving, when its first argument says so. It may run beside an agent that serves.</summary>
internal static class CacheVerbs
{
    private const string Usage =
        """
        fetch  MODEL                                   brings a model into the cache
        export MODEL FILE [--key FILE]                 puts a model of the cache into a bundle, signed
        import FILE [--trust KEY]… [--any-key]         takes a bundle into the cache
        MODEL is org/repo, org/repo:Q8_0 or org/repo:file.gguf. Settings as always: --Comox:NodeAgent:Cache:Path=/models
        """;

    /// <returns>The exit code: 0 done, 1 it failed, 2 it was not understood; null: no verb, the program serves.</returns>
    public static async Task<int?> RunAsync(string[] args)
    {
        if (args is not [var verb and ("fetch" or "export" or "import"), .. var rest])
            return null;
        var (words, options, settings) = Split(rest);
        using var stop = new CancellationTokenSource();
        Console.CancelKeyPress += (_, press) => press.Cancel = !stop.IsCancellationRequested && Cancel(stop);
        try
        {
            var builder = Host.CreateApplicationBuilder(settings);
            builder.Logging.ClearProviders();
            builder.AddNodeAgent();
            using var host = builder.Build();
            var report = Report(host.Services.GetRequiredService<TimeProvider>());
            var task = (verb, words) switch
            {
                ("fetch", [var model]) when Model(model) is { } wanted => FetchAsync(host.Services, wanted, report, stop.Token),
                ("export", [var model, var file]) when Model(model) is { } wanted =>
                    host.Services.GetRequiredService<BundleExport>().RunAsync(wanted, file, options.GetValueOrDefault("--key")?[0], report, stop.Token),
                ("import", [var file]) =>
                    host.Services.GetRequiredService<BundleImport>().RunAsync(file, options.GetValueOrDefault("--trust") ?? [], options.ContainsKey("--any-key"), report, stop.Token),
                _ => null,
            };
            return task is null ? await TellAsync(Usage, 2) : await EndAsync(verb, await task);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return await TellAsync("Stopped. What is there stays for the next try.", 1);
        }
        catch (Exception problem) when (problem is OptionsValidationException or StartupProblem or IOException or UnauthorizedAccessException)
        {
            return await TellAsync(problem is StartupProblem known ? $"{known.Message} {known.WayOut}" : problem.Message, 1);
        }
    }

    private static async Task<Outcome<string>> FetchAsync(IServiceProvider services, ModelReference.OnHub wanted, ProgressReport report, CancellationToken cancellation)
    {
        var found = await services.GetRequiredService<ModelStores>().FindAsync(wanted, names => ModelSelection.Choose(names, wanted.Selector), cancellation);
        return found.IsSuccess
            ? await services.GetRequiredService<RepositoryFetch>().RunAsync(found.Value, report, cancellation)
            : Outcome<string>.Failed(found.Problem, found.Code);
    }

    private static async Task<int> EndAsync(string verb, Outcome<string> outcome)
    {
        if (!outcome.IsSuccess)
            return await TellAsync(outcome.Told, 1);
        Console.WriteLine(verb switch
        {
            "export" => $"Done. The other side imports it with --trust {outcome.Value}",
            "import" => $"Done. To use it, set {NodeAgentOptions.Section}:Model to {outcome.Value}",
            _ => outcome.Value,
        });
        return 0;
    }

    // --key VALUE, --key=VALUE and --any-key are ours; everything else that begins with -- is a setting.
    private static (IReadOnlyList<string> Words, Dictionary<string, List<string>> Options, string[] Settings) Split(string[] args)
    {
        var (words, options, settings) = (new List<string>(), new Dictionary<string, List<string>>(), new List<string>());
        for (var i = 0; i < args.Length; i++)
        {
            var (name, value) = args[i].Split('=', 2) is [var before, var after] ? (before, after) : (args[i], null);
            if (name is "--any-key")
                options[name] = [];
            else if (name is "--key" or "--trust" && (value ?? args.ElementAtOrDefault(++i)) is { } given)
                (options.TryGetValue(name, out var known) ? known : options[name] = []).Add(given);
            else if (name.StartsWith("--", StringComparison.Ordinal))
                settings.Add(args[i]);
            else
                words.Add(args[i]);
        }

        return (words, options, [.. settings]);
    }

    private static ModelReference.OnHub? Model(string text) => ModelReference.Parse(text) as ModelReference.OnHub;

    // A line a second, and one for each new thing.
    private static ProgressReport Report(TimeProvider time)
    {
        var (shownAt, shown, turn) = (0L, "", new Lock());
        return (words, _) =>
        {
            lock (turn)
            {
                var kind = words.Split(':')[0];
                if (kind == shown && time.GetElapsedTime(shownAt) < TimeSpan.FromSeconds(1))
                    return;
                (shownAt, shown) = (time.GetTimestamp(), kind);
                Console.WriteLine(words);
            }
        };
    }

    private static bool Cancel(CancellationTokenSource stop)
    {
        stop.Cancel();
        return true;
    }

    private static async Task<int> TellAsync(string words, int code)
    {
        await Console.Error.WriteLineAsync(words);
        return code;
    }
}
