using System.Collections.Concurrent;

namespace Comox.Gateway.Routing;

/// <summary>
/// The files that settings come from, and those of them that cannot be read: half saved, or with a comma too few. When such a file changes, the configuration forgets all
/// that it said and tells nobody, so the next change of another file would find an installation without routes and keys, which is perfectly valid.
/// </summary>
internal sealed class SettingsFiles
{
    private readonly ConcurrentDictionary<FileConfigurationProvider, string> _unreadable = new();

    /// <param name="configuration">Has been read once: what was wrong with a file at start has kept the process from starting.</param>
    /// <param name="unreadable">Told the fault when a file that has changed cannot be read, on the thread that tried.</param>
    public SettingsFiles(IConfiguration configuration, Action<string> unreadable)
    {
        foreach (var file in (configuration as IConfigurationRoot)?.Providers.OfType<FileConfigurationProvider>() ?? [])
        {
            var before = file.Source.OnLoadException;
            file.Source.OnLoadException = failure =>
            {
                before?.Invoke(failure);
                // "Failed to load configuration from file '/etc/comox/appsettings.json'."; what is wrong with it is two exceptions further in.
                var fault = $"{failure.Exception.Message} {failure.Exception.GetBaseException().Message}";
                _unreadable[failure.Provider] = fault;
                unreadable(fault);
            };
        }
    }

    /// <summary>A file that was forgotten has no keys, and one that was read again has some.</summary>
    public IEnumerable<string> Forgotten()
    {
        foreach (var (file, fault) in _unreadable)
        {
            if (file.GetChildKeys([], null).Any())
                _unreadable.TryRemove(file, out _);
            else
                yield return fault;
        }
    }
}
