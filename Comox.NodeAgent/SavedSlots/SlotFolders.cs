using System.Globalization;
using System.Text.Json;
using Comox.ServiceDefaults;
using Microsoft.Extensions.Options;

namespace Comox.NodeAgent.SavedSlots;

/// <summary>
/// Where slots are saved: <c>engines/slots/{engine}/</c> in the data folder. The files hold what people said, so this user alone can read the folder and each file,
/// and they are deleted as soon as they are restored, do not fit any more, or are too old.
/// </summary>
internal sealed class SlotFolders(ComoxHome home, IOptions<NodeAgentOptions> options, TimeProvider time)
{
    private const string NoteName = "slots.json";

    private SavedSlotOptions Options => options.Value.SavedSlots;

    private string Root => home.Folder("engines", "slots");

    /// <returns>Null: nothing is to be saved.</returns>
    public string? Of(string engine) => Options.IsOn ? home.Folder("engines", "slots", engine) : null;

    public static string FileOf(EngineSlot slot) => string.Create(CultureInfo.InvariantCulture, $"{slot.Id}.slot");

    /// <summary>Bytes that an engine may save, when all that is older gives way.</summary>
    public long Budget => Options.SizeBytes;

    /// <summary>Deletes those of other engines, the oldest first, until so much fits.</summary>
    public void MakeRoom(string engine, long bytes)
    {
        var others = Directory.EnumerateDirectories(Root).Where(folder => Path.GetFileName(folder) != engine).Select(folder => (Folder: folder, Bytes: BytesIn(folder), At: Read(folder)?.At ?? default)).ToList();
        var excess = others.Sum(other => other.Bytes) + bytes - Options.SizeBytes;
        foreach (var (folder, taken, _) in others.OrderBy(other => other.At).TakeWhile(_ => excess > 0))
        {
            Delete(folder);
            excess -= taken;
        }
    }

    /// <returns>Null: there are none, or they are too old.</returns>
    public SlotNote? Find(string engine) => Of(engine) is { } folder && Read(folder) is { } note && time.GetUtcNow() - note.At < Options.MaxAge ? note : null;

    public void Note(string engine, SlotNote note)
    {
        foreach (var slot in note.Slots)
            Protect(Path.Combine(home.Folder("engines", "slots", engine), FileOf(slot)));
        home.WriteSecret(Path.Combine("engines", "slots", engine, NoteName), JsonSerializer.Serialize(note, SlotsJson.Default.SlotNote));
    }

    public void Delete(EngineSlot slot, string engine) => File.Delete(Path.Combine(home.Folder("engines", "slots", engine), FileOf(slot)));

    public void Clear(string engine) => Delete(Path.Combine(Root, engine));

    /// <summary>Deletes what is too old, and what belongs to no engine of these.</summary>
    public void Sweep(IReadOnlyCollection<string> engines)
    {
        foreach (var folder in Directory.EnumerateDirectories(Root).ToList())
        {
            var isOurs = Options.IsOn && engines.Contains(Path.GetFileName(folder));
            if (!isOurs || time.GetUtcNow() - SavedAt(folder) >= Options.MaxAge)
                Delete(folder);
        }
    }

    // The note is written last. Without one, an agent that was killed has left what was saved until then; or it is being saved.
    private static DateTimeOffset SavedAt(string folder) =>
        Read(folder)?.At ?? Directory.EnumerateFiles(folder).Select(file => new DateTimeOffset(File.GetLastWriteTimeUtc(file))).DefaultIfEmpty().Max();

    private static void Protect(string file)
    {
        // The engine writes with the system's usual rights; until here the folder's have kept it from others.
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    private static SlotNote? Read(string folder)
    {
        var file = Path.Combine(folder, NoteName);
        try
        {
            return File.Exists(file) ? JsonSerializer.Deserialize(File.ReadAllBytes(file), SlotsJson.Default.SlotNote) : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static long BytesIn(string folder) => Directory.EnumerateFiles(folder).Sum(file => new FileInfo(file).Length);

    private static void Delete(string folder)
    {
        if (!Directory.Exists(folder))
            return;
        foreach (var file in Directory.EnumerateFiles(folder))
            File.Delete(file);
    }
}
