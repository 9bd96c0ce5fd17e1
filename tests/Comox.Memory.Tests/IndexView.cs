using System.Globalization;
using System.Text;
using Comox.Memory.Recall;
using Comox.Memory.Storage;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Comox.Memory.Tests;

/// <summary>What a recall index answers, as text: what two that should know the same are compared by.</summary>
internal static class IndexView
{
    private static readonly string[] Questions = ["Where do I live?", "What do I like to drink?", "What is my sister called?", "Do you remember my cat, my job and my name?", "What did I say?", "Hello, what do you think?"];

    /// <summary>The index that these indexes have for a person and a character, after it was brought up to date.</summary>
    public static async Task<RecallIndex> OpenAsync(MemoryHost memory, RecallIndexes indexes, string character = "brine", string subject = "mara", MemoryDb? db = null)
    {
        await using var own = db is null ? memory.Services.GetRequiredService<MemoryDbFactory>().Open() : null;
        db ??= own!;
        var id = await db.Characters.Where(row => row.Slug == character).Select(row => row.Id).SingleAsync();
        return await indexes.OpenAsync(db, subject, id, TestContext.Current.CancellationToken);
    }

    public static string Of(RecallIndex index)
    {
        var text = new StringBuilder();
        foreach (var session in index.Sessions.Order(StringComparer.Ordinal))
            text.AppendLine($"{session}: {string.Join(' ', index.TurnsOf(session))}");
        foreach (var fact in index.Facts())
            text.AppendLine($"{fact.Id} {fact.About}|{fact.Relation}|{fact.Object} {fact.SessionId} {fact.Depth} {fact.SaidAt:O} {fact.ValidFrom:O}");
        foreach (var question in Questions)
        {
            text.AppendLine(question);
            foreach (var found in index.Search(new RecallQuery { Text = question, At = RecallLines.Start, Asker = "mara", Addressee = "Captain Brine" }, 100).Turns)
                text.AppendLine(string.Create(CultureInfo.InvariantCulture, $"  {found.Turn.Id} {found.Score:F6} {found.Turn.Speaker} {found.Turn.Host?.Slug}: {found.Turn.Content}"));
        }

        return text.ToString();
    }
}
