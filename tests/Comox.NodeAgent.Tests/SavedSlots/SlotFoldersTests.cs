using Comox.NodeAgent.SavedSlots;
using Comox.ServiceDefaults;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;

namespace Comox.NodeAgent.Tests.SavedSlots;

/// <summary>How long what people said lies on a node's disk, and how much of it.</summary>
public sealed class SlotFoldersTests : IDisposable
{
    private readonly string _home = Directory.CreateTempSubdirectory("comox-slots-").FullName;
    private readonly FakeTimeProvider _time = new();

    public void Dispose() => Directory.Delete(_home, recursive: true);

    [Fact]
    public void They_are_deleted_when_they_are_too_old_and_when_no_engine_is_theirs()
    {
        var folders = Folders(TimeSpan.FromHours(2));
        Save(folders, "ada", 10);
        _time.Advance(TimeSpan.FromHours(1));
        Save(folders, "brine", 10);
        Save(folders, "gone", 10);
        folders.Sweep(["ada", "brine"]);
        Assert.Equal(["ada", "brine"], Kept());
        _time.Advance(TimeSpan.FromHours(1));
        Assert.Null(folders.Find("ada"));
        Assert.NotNull(folders.Find("brine"));
        folders.Sweep(["ada", "brine"]);
        Assert.Equal(["brine"], Kept());
    }

    [Fact]
    public void What_an_agent_left_that_was_killed_while_it_saved_is_deleted_when_it_is_too_old()
    {
        var folders = Folders(TimeSpan.FromHours(2));
        Save(folders, "ada", 10);
        Save(folders, "brine", 10);
        foreach (var file in Directory.GetFiles(folders.Of("ada")!))
            File.SetLastWriteTimeUtc(file, _time.GetUtcNow().UtcDateTime);
        File.Delete(Path.Combine(folders.Of("ada")!, "slots.json"));
        _time.Advance(TimeSpan.FromHours(1));
        folders.Sweep(["ada", "brine"]);
        Assert.Equal(["ada", "brine"], Kept());
        Save(folders, "brine", 10);
        _time.Advance(TimeSpan.FromHours(1));
        folders.Sweep(["ada", "brine"]);
        Assert.Equal(["brine"], Kept());
    }

    [Fact]
    public void Switched_off_they_are_deleted_all()
    {
        Save(Folders(TimeSpan.FromHours(2)), "ada", 10);
        var off = Folders(TimeSpan.Zero);
        Assert.Null(off.Of("ada"));
        off.Sweep(["ada"]);
        Assert.Empty(Kept());
    }

    [Fact]
    public void For_new_ones_the_oldest_of_others_give_way_and_none_too_many()
    {
        var folders = Folders(TimeSpan.FromHours(2), "3KB");
        foreach (var engine in new[] { "first", "second", "third" })
        {
            Save(folders, engine, 800);
            _time.Advance(TimeSpan.FromMinutes(1));
        }

        folders.MakeRoom("fourth", 500);
        Assert.Equal(["second", "third"], Kept());
    }

    private string[] Kept() => [.. Directory.EnumerateDirectories(Path.Combine(_home, "engines", "slots")).Where(folder => Directory.EnumerateFiles(folder).Any()).Select(folder => Path.GetFileName(folder)).Order(StringComparer.Ordinal)];

    private void Save(SlotFolders folders, string engine, int bytes)
    {
        var slot = new EngineSlot(0, 7, []);
        File.WriteAllBytes(Path.Combine(folders.Of(engine)!, SlotFolders.FileOf(slot)), new byte[bytes]);
        folders.Note(engine, new SlotNote("ada", _time.GetUtcNow(), [slot]));
    }

    private SlotFolders Folders(TimeSpan age, string size = "1GB") => new(
        ComoxHome.Open(new ConfigurationBuilder().AddInMemoryCollection([new(ComoxHome.Setting, _home)]).Build()),
        Options.Create(new NodeAgentOptions { SavedSlots = new SavedSlotOptions { MaxAge = age, Size = size } }),
        _time);
}
