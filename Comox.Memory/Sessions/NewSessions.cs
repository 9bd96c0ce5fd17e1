using Comox.Memory.Cards;
using Comox.Memory.Identity;
using Comox.Memory.Recall;
using Comox.Memory.Storage;
using Comox.Memory.SuperPrompt;
using Comox.ServiceDefaults;
using Comox.ServiceDefaults.Clients;
using Comox.ServiceDefaults.Contracts.Memory;

namespace Comox.Memory.Sessions;

/// <summary>Starts conversations.</summary>
internal sealed class NewSessions(MemoryDbFactory databases, CharacterStore characters, RecallIndexes indexes, ConversationLocks locks, TimeProvider time)
{
    /// <summary>A session in which the character has greeted, for a client that shows the greeting.</summary>
    public async Task<ApiResult<SessionDetails>> StartAsync(NewSession wanted, CancellationToken cancellation)
    {
        await using var db = databases.Open();
        var found = await characters.FindAsync(db, wanted.Character, cancellation);
        if (!found.IsSuccess)
            return found.Error;

        var character = found.Value;
        using var held = await locks.TakeAsync(db, wanted.Subject, character.Id, cancellation);
        var session = Row(character.Id, wanted.Subject);
        db.Add(session);
        if (await GreetingAsync(db, character, wanted.Subject, session, cancellation) is { } said)
        {
            var turn = Ids.New("trn", time);
            var log = new SessionLog(db, session, time);
            await log.AppendAsync(
                cancellation,
                new TurnSaid(turn, null, Utterance.Assistant, said, time.Now(), Heard: []),
                new LineMoved(turn));
            await log.SettleAsync(cancellation);
        }

        await db.SaveChangesAsync(cancellation);
        return await SessionStore.DetailsAsync(db, session, cancellation);
    }

    /// <summary>As it is said to this person; null where the card has none.</summary>
    private async Task<string?> GreetingAsync(MemoryDb db, Character character, string subject, SessionRow session, CancellationToken cancellation)
    {
        if (character.Card.Greetings.FirstOrDefault() is not { } greeting)
            return null;
        var memory = await indexes.OpenAsync(db, subject, character.Id, cancellation);
        var said = CardMacros.Expand(greeting, character.Card.SpokenName, UserName.For(subject, memory.Facts()).Spoken, seed: session.Id);
        return string.IsNullOrWhiteSpace(said) ? null : said;
    }

    /// <summary>The row of a session without turns.</summary>
    public SessionRow Row(string characterId, string subject)
    {
        var now = time.Now();
        return new SessionRow { Id = Ids.New("ses", time), CharacterId = characterId, Subject = subject, CreatedAt = now, UpdatedAt = now };
    }
}
