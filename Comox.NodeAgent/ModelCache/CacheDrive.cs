using System.Text.Json;
using System.Text.Json.Serialization;
using Comox.ServiceDefaults;
using Comox.ServiceDefaults.Contracts.OpenAI;
using Microsoft.Extensions.Options;

namespace Comox.NodeAgent.ModelCache;

/// <summary>
/// The folder of the cache, and whether it is on the drive that it was on before. A drive that is not mounted leaves an empty folder of the same name, which
/// would be filled with models until the system's own drive is full. So the first use leaves a marker on the drive, <c>.comox-cache.json</c>, and its id in the
/// data folder, <c>model-cache.json</c>.
/// </summary>
internal sealed class CacheDrive(ComoxHome home, IOptions<NodeAgentOptions> options, TimeProvider time)
{
    public const string MarkerName = ".comox-cache.json";

    public string Folder => options.Value.Cache.Path ?? home.Folder("models");

    private string Marker => Path.Combine(Folder, MarkerName);

    private string Memory => home.FilePath("model-cache.json");

    /// <returns>The folder, which exists, or in words why it is not to be used.</returns>
    public Outcome<string> Check()
    {
        if (options.Value.Cache.Path is not { } path)
            return Outcome<string>.Of(Folder);
        try
        {
            var known = Read(Memory) is { } memory && memory.Path == path ? memory.Id : null;
            var wanted = options.Value.Cache.Volume ?? known;
            if (known is null && !File.Exists(Marker)) // The first use.
            {
                Directory.CreateDirectory(path);
                Write(Marker, new DriveMarker(wanted ?? Ids.New("cache", time), null, time.GetUtcNow()));
            }

            if (Read(Marker)?.Id is not { } found)
                return Wrong($"{path} does not have the file {MarkerName} that it had before, so it is another drive, or its drive is not mounted. Mount it.");

            if (wanted is not null && found != wanted)
                return Wrong($"{path} is the cache '{found}', and '{wanted}' is wanted. Mount the right drive{(options.Value.Cache.Volume is null ? "" : $", or correct {CacheOptions.Section}:Volume")}.");
            if (found != known)
                Write(Memory, new DriveMarker(found, path, time.GetUtcNow()));
            return Outcome<string>.Of(path);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            return Outcome<string>.Failed($"The model cache {path} cannot be used: {problem.Message} Correct that, or {CacheOptions.Section}:Path.", ErrorCodes.CacheDrive);
        }
    }

    private Outcome<string> Wrong(string words) =>
        Outcome<string>.Failed($"The model cache is not used: {words} To begin a new cache there, delete {Memory}.", ErrorCodes.CacheDrive);

    private static DriveMarker? Read(string file)
    {
        try
        {
            return File.Exists(file) ? JsonSerializer.Deserialize(File.ReadAllBytes(file), CacheJson.Default.DriveMarker) : null;
        }
        catch (JsonException)
        {
            return null; // As good as missing.
        }
    }

    private static void Write(string file, DriveMarker marker)
    {
        File.WriteAllBytes(file + ".new", JsonSerializer.SerializeToUtf8Bytes(marker, CacheJson.Default.DriveMarker));
        File.Move(file + ".new", file, overwrite: true);
        FolderFlush.Run(Path.GetDirectoryName(file)!);
    }
}

/// <param name="Id">Of the cache.</param>
/// <param name="Path">Where it was; on the drive itself null, because a drive may be mounted elsewhere.</param>
/// <param name="At">When it was written.</param>
internal sealed record DriveMarker(string Id, string? Path, DateTimeOffset At);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, WriteIndented = true)]
[JsonSerializable(typeof(DriveMarker))]
[JsonSerializable(typeof(BlobNote))]
internal sealed partial class CacheJson : JsonSerializerContext;
