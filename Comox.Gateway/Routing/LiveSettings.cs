using System.Collections.Immutable;
using Comox.Gateway.Authentication;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Primitives;

namespace Comox.Gateway.Routing;

/// <summary>What of the settings can change while the gateway runs: one immutable value, valid as a whole.</summary>
internal sealed record SettingsSnapshot
{
    public ImmutableArray<RouteOptions> Routes { get; init; } = [];

    /// <summary>How models are routed that only the fleet names.</summary>
    public RouteOptions Fleet { get; init; } = new();

    public CallerKeys Keys { get; init; } = CallerKeys.None;

    /// <summary>Grows by one with every change that was taken.</summary>
    public int Revision { get; init; } = 1;

    public DateTimeOffset LoadedAt { get; init; }
}

/// <summary>What came of the last look at the settings.</summary>
/// <param name="At">When.</param>
/// <param name="Faults">Empty when they were taken; else every fault, and the settings before are still in force.</param>
internal sealed record SettingsReload(DateTimeOffset At, ImmutableArray<string> Faults);

/// <summary>
/// Routes and keys, read again whenever the configuration reports a change (a file saved, a ConfigMap updated) or somebody asks for it. New settings are validated
/// as a whole and swapped in at once, or refused as a whole with every fault named; requests in flight keep what they began with.
/// </summary>
internal sealed class LiveSettings : IDisposable
{
    public const string RoutesSection = $"{GatewayOptions.Section}:Routes";
    public const string FleetSection = $"{GatewayOptions.Section}:FleetRoute";
    public const string KeysSection = $"{GatewayOptions.Section}:Keys";

    private readonly Lock _writers = new();
    private readonly IConfiguration _configuration;
    private readonly TimeProvider _time;
    private readonly ILogger<LiveSettings> _logger;
    private readonly SettingsFiles _files;
    private readonly IDisposable _registration;
    private bool _isReadingFiles;
    private volatile SettingsSnapshot _current;

    public LiveSettings(IConfiguration configuration, TimeProvider time, ILogger<LiveSettings> logger)
    {
        (_configuration, _time, _logger) = (configuration, time, logger);
        var (snapshot, faults) = Read();
        if (!faults.IsEmpty)
            throw new OptionsValidationException(GatewayOptions.Section, typeof(SettingsSnapshot), faults);
        _current = snapshot;
        LastReload = new SettingsReload(snapshot.LoadedAt, []);
        _files = new SettingsFiles(configuration, fault => Refuse([fault]));
        _registration = ChangeToken.OnChange(configuration.GetReloadToken, OnChange);
    }

    public SettingsSnapshot Current => _current;

    public SettingsReload LastReload { get; private set; }

    /// <summary>Raised after a change was taken, on the thread that made it.</summary>
    public event Action? Changed;

    public SettingsReload Reload()
    {
        lock (_writers)
        {
            ImmutableArray<string> forgotten = [.. _files.Forgotten()];
            if (!forgotten.IsEmpty)
                return Refuse(forgotten);
            var (snapshot, faults) = Read();
            if (!faults.IsEmpty)
                return Refuse(faults);

            LastReload = new SettingsReload(snapshot.LoadedAt, []);
            _current = snapshot with { Revision = _current.Revision + 1 };
            RoutingLog.SettingsTaken(_logger, _current.Revision, _current.Routes.Length);
            Changed?.Invoke();
            return LastReload;
        }
    }

    /// <summary>Reads the files, too, for file systems that tell of no change.</summary>
    public SettingsReload ReadAgain()
    {
        lock (_writers)
        {
            if (_configuration is not IConfigurationRoot root)
                return Reload();
            _isReadingFiles = true;
            try
            {
                root.Reload();
            }
            catch (InvalidDataException)
            {
                return LastReload; // A file that cannot be read: it has been refused where it was found out.
            }
            catch (Exception invalid) when (FailuresIn(invalid) is { Length: > 0 } failures)
            {
                // Of what needs a restart. It is not taken, but it would keep the next start from coming about.
                return Refuse([.. Read().Faults.Union(failures)]);
            }
            finally
            {
                _isReadingFiles = false;
            }

            return Reload();
        }
    }

    public void Dispose() => _registration.Dispose();

    // Each file that is read again is a change; a state between two files is none that anybody has written.
    private void OnChange()
    {
        lock (_writers)
        {
            if (!_isReadingFiles)
                Reload();
        }
    }

    private SettingsReload Refuse(ImmutableArray<string> faults)
    {
        RoutingLog.SettingsRefused(_logger, string.Join(' ', faults));
        return LastReload = new SettingsReload(_time.GetUtcNow(), faults);
    }

    // Thrown by whoever listens for changes of the options, in as many wrappings as there are listeners between.
    private static string[] FailuresIn(Exception thrown) => thrown switch
    {
        OptionsValidationException invalid => [.. invalid.Failures],
        AggregateException several => [.. several.Flatten().InnerExceptions.SelectMany(FailuresIn)],
        _ => [],
    };

    private (SettingsSnapshot Snapshot, ImmutableArray<string> Faults) Read()
    {
        try
        {
            var routes = _configuration.GetSection(RoutesSection).Get<RouteOptions[]>() ?? [];
            var fleet = _configuration.GetSection(FleetSection).Get<RouteOptions>() ?? new RouteOptions();
            var keys = _configuration.GetSection(KeysSection).Get<KeyOptions[]>() ?? [];
            ImmutableArray<string> faults =
            [
                .. UnknownSettings.FaultsOf(_configuration),
                .. RouteFaults.Of(routes, RoutesSection),
                .. RouteFaults.OfPolicies(fleet, FleetSection),
                .. CallerKeys.FaultsOf(keys, KeysSection),
            ];
            return (new SettingsSnapshot { Routes = [.. routes], Fleet = fleet, Keys = faults.IsEmpty ? new CallerKeys(keys) : CallerKeys.None, LoadedAt = _time.GetUtcNow() }, faults);
        }
        catch (InvalidOperationException unreadable)
        {
            // A value of the wrong kind: "Failed to convert configuration value 'abc' at 'Comox:Gateway:Routes:0:MaxAttempts' to type 'System.Int32'."
            return (new SettingsSnapshot(), [unreadable.Message]);
        }
    }
}
