using Comox.Memory.Cards;
using Comox.Memory.Storage;
using Microsoft.EntityFrameworkCore;

namespace Comox.Memory.Identity;

/// <summary>The characters a new database starts with. Added once: who deletes them does not get them back.</summary>
internal sealed class ExampleCharacters(MemoryDbFactory databases, CharacterStore characters, MemoryOptions options, TimeProvider time)
{
    private const string Mark = "example-characters";

    public async Task AddOnceAsync(CancellationToken cancellation)
    {
        await using var db = databases.Open();
        if (!options.ExampleCharacters || await db.Marks.AnyAsync(mark => mark.Name == Mark, cancellation))
            return;

        db.Add(new MarkRow { Name = Mark, At = time.Now() });
        if (!await db.Characters.AnyAsync(cancellation))
        {
            foreach (var json in Cards())
                await characters.AddAsync(db, new UploadedCard(json, null), CardReader.Read(json).Value!, cancellation);
        }

        try
        {
            await db.SaveChangesAsync(cancellation);
        }
        catch (DbUpdateException)
        {
            // Another replica, started at the same moment, was first: the mark is its primary key.
        }
    }

    internal static IEnumerable<string> Cards()
    {
        var assembly = typeof(ExampleCharacters).Assembly;
        foreach (var name in assembly.GetManifestResourceNames().Where(name => name.EndsWith(".card.json", StringComparison.Ordinal)).Order(StringComparer.Ordinal))
        {
            using var reader = new StreamReader(assembly.GetManifestResourceStream(name)!);
            yield return reader.ReadToEnd();
        }
    }
}
