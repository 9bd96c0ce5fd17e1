using Comox.Memory.Storage;
using Comox.Memory.SuperPrompt;
using Microsoft.EntityFrameworkCore;

namespace Comox.Memory.Ingestion;

/// <summary>What the person of a session is called, as far as that is known.</summary>
internal static class CalledNames
{
    public static async Task<IReadOnlyList<string>> OfAsync(MemoryDb db, SessionRow session, CancellationToken cancellation) =>
        UserName.For(session.Subject, FactFold.Held((await db.Facts.AsNoTracking()
            .Where(fact => fact.Subject == session.Subject && fact.CharacterId == session.CharacterId && fact.Relation == Relations.Name && fact.About == "" && fact.Live)
            .ToListAsync(cancellation)).Select(fact => ToldFact.From(fact)))).Called;
}
