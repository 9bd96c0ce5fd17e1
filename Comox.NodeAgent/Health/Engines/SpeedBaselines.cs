using System.Text.Json;
using System.Text.Json.Serialization;
using Comox.ServiceDefaults;

namespace Comox.NodeAgent.Health.Engines;

/// <summary>
/// The baselines of all engines, in <c>engines/speeds.json</c> of the data folder, so that a restarted agent knows them. The file is a memory aid: one that cannot
/// be read or written costs nothing but learning again.
/// </summary>
internal sealed class SpeedBaselines(ComoxHome home, TimeProvider time, ILogger<SpeedBaselines> log)
{
    private static readonly TimeSpan SaveEvery = TimeSpan.FromSeconds(30);
    private readonly Lock _lock = new();
    private Dictionary<string, SpeedBaseline>? _known;
    private bool _isChanged;
    private bool _isTold;
    private long _saved = time.GetTimestamp();

    public SpeedBaseline Get(string key)
    {
        lock (_lock)
            return Known().GetValueOrDefault(key);
    }

    public void Learn(string key, double measured)
    {
        if (!double.IsFinite(measured) || measured <= 0)
            return;
        lock (_lock)
        {
            Known()[key] = Known().GetValueOrDefault(key).Learn(measured);
            _isChanged = true;
        }
    }

    /// <summary>Writes the file where something is new, and not more often than every half minute unless it is <paramref name="now"/>.</summary>
    public void Save(bool now = false)
    {
        lock (_lock)
        {
            if (!_isChanged || (!now && time.GetElapsedTime(_saved) < SaveEvery))
                return;
            (_saved, _isChanged) = (time.GetTimestamp(), false);
            var path = FilePath();
            var draft = $"{path}.new";
            try
            {
                File.WriteAllBytes(draft, JsonSerializer.SerializeToUtf8Bytes(_known!, SpeedJson.Default.DictionaryStringSpeedBaseline));
                File.Move(draft, path, overwrite: true);
                _isTold = false;
            }
            catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
            {
                if (!_isTold)
                    log.SpeedsNotKept(path, problem.Message);
                (_isTold, _isChanged) = (true, true);
            }
        }
    }

    private Dictionary<string, SpeedBaseline> Known()
    {
        if (_known is not null)
            return _known;
        try
        {
            _known = File.Exists(FilePath()) ? JsonSerializer.Deserialize(File.ReadAllBytes(FilePath()), SpeedJson.Default.DictionaryStringSpeedBaseline) : null;
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException or JsonException)
        {
            log.SpeedsNotRead(FilePath(), unreadable.Message);
        }

        return _known ??= [];
    }

    private string FilePath() => Path.Combine(home.Folder("engines"), "speeds.json");
}

[JsonSerializable(typeof(Dictionary<string, SpeedBaseline>))]
internal sealed partial class SpeedJson : JsonSerializerContext;
