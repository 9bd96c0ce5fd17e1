using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;
using Microsoft.EntityFrameworkCore.Storage.ValueConversion;

namespace Comox.Memory.Storage;

/// <summary>The one model of both databases; <see cref="SqliteMemoryDb"/> and <see cref="PostgresMemoryDb"/> differ in migrations alone.</summary>
internal abstract class MemoryDb : DbContext
{
    // A projector asks for tracked rows with every event. To compare them all with what they were, each time, takes time by the square of a log's length.
    protected MemoryDb(DbContextOptions options)
        : base(options) => ChangeTracker.AutoDetectChangesEnabled = false;

    public DbSet<CharacterRow> Characters => Set<CharacterRow>();
    public DbSet<IdentityRow> Identities => Set<IdentityRow>();
    public DbSet<AvatarRow> Avatars => Set<AvatarRow>();
    public DbSet<SessionRow> Sessions => Set<SessionRow>();
    public DbSet<EventRow> Events => Set<EventRow>();
    public DbSet<TurnRow> Turns => Set<TurnRow>();
    public DbSet<FactRow> Facts => Set<FactRow>();
    public DbSet<EntityRow> Entities => Set<EntityRow>();
    public DbSet<RelationRow> Relations => Set<RelationRow>();
    public DbSet<SummaryRow> Summaries => Set<SummaryRow>();
    public DbSet<SceneRow> Scenes => Set<SceneRow>();
    public DbSet<WitnessRow> Witnesses => Set<WitnessRow>();
    public DbSet<ReplyScoreRow> ReplyScores => Set<ReplyScoreRow>();
    public DbSet<CursorRow> Cursors => Set<CursorRow>();
    public DbSet<ReceiptRow> Receipts => Set<ReceiptRow>();
    public DbSet<RequestRow> Requests => Set<RequestRow>();
    public DbSet<MarkRow> Marks => Set<MarkRow>();

    /// <summary>
    /// Keeps other processes from what this person told this character, until the changes are saved or the context goes. Which fact ends which is computed from
    /// the facts of all their sessions, and those have no version in common. SQLite has one process only; there it does nothing.
    /// </summary>
    public virtual Task HoldAsync(string subject, string characterId, CancellationToken cancellation) => Task.CompletedTask;

    /// <summary>
    /// Keeps others from what prompts show of this person's sessions, until the changes are saved or the context goes: who deletes has to find every receipt, and
    /// a guest's receipt is written under another lock than the one of the session it is from. Short: to be taken last, right before saving.
    /// </summary>
    public abstract Task HoldReceiptsAsync(string subject, CancellationToken cancellation);

    /// <summary>A transaction of the caller's, which goes on with what is held.</summary>
    public async Task<IDbContextTransaction> BeginAsync(CancellationToken cancellation)
    {
        var begun = Held ?? await Database.BeginTransactionAsync(cancellation);
        Held = null;
        return begun;
    }

    public override async Task<int> SaveChangesAsync(bool acceptAllChangesOnSuccess, CancellationToken cancellationToken = default)
    {
        ChangeTracker.DetectChanges();
        var saved = await base.SaveChangesAsync(acceptAllChangesOnSuccess, cancellationToken);
        if (Held is not null)
        {
            await Held.CommitAsync(cancellationToken);
            await Held.DisposeAsync();
            Held = null;
        }

        return saved;
    }

    /// <summary>The transaction that saving ends.</summary>
    protected IDbContextTransaction? Held { get; set; }

    // Unix milliseconds: SQLite has no time type that both sorts and compares, and one meaning in both databases is worth more than a prettier column.
    protected override void ConfigureConventions(ModelConfigurationBuilder configurationBuilder) =>
        configurationBuilder.Properties<DateTimeOffset>().HaveConversion<UnixMilliseconds>();

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        modelBuilder.Entity<CharacterRow>(character =>
        {
            character.ToTable("characters");
            character.HasIndex(row => row.Slug).IsUnique();
        });
        modelBuilder.Entity<IdentityRow>(identity =>
        {
            identity.ToTable("identities").HasKey(row => new { row.CharacterId, row.Version });
            identity.HasOne<CharacterRow>().WithMany().HasForeignKey(row => row.CharacterId).OnDelete(DeleteBehavior.Cascade);
        });
        modelBuilder.Entity<AvatarRow>(avatar =>
        {
            avatar.ToTable("avatars").HasKey(row => new { row.CharacterId, row.Version });
            avatar.HasOne<CharacterRow>().WithMany().HasForeignKey(row => row.CharacterId).OnDelete(DeleteBehavior.Cascade);
        });
        modelBuilder.Entity<SessionRow>(session =>
        {
            session.ToTable("sessions");
            session.Property(row => row.Version).IsConcurrencyToken();
            session.HasIndex(row => new { row.Subject, row.CharacterId, row.UpdatedAt });
            // These two have a row for each session that has grown, and for each place that is behind: all others cost nothing.
            session.HasIndex(row => row.Id, "IX_sessions_untold").HasFilter("\"version\" > \"told\"");
            session.HasOne<CharacterRow>().WithMany().HasForeignKey(row => row.CharacterId).OnDelete(DeleteBehavior.Cascade);
        });
        modelBuilder.Entity<EventRow>(entry =>
        {
            entry.ToTable("events").HasKey(row => new { row.SessionId, row.Number });
            entry.HasIndex(row => row.TurnId);
            entry.HasOne<SessionRow>().WithMany().HasForeignKey(row => row.SessionId).OnDelete(DeleteBehavior.Cascade);
        });
        modelBuilder.Entity<TurnRow>(turn =>
        {
            turn.ToTable("turns");
            turn.HasIndex(row => new { row.SessionId, row.Current, row.Depth });
            // Of two columns SQLite, which has no statistics, takes this one for the better of those that begin with the session.
            turn.HasIndex(row => new { row.Chain, row.SessionId });
            turn.HasIndex(row => new { row.SessionId, row.Depth }, "IX_turns_unread").HasFilter("\"current\" AND NOT \"extracted\"");
            turn.HasOne<SessionRow>().WithMany().HasForeignKey(row => row.SessionId).OnDelete(DeleteBehavior.Cascade);
            turn.HasOne<TurnRow>().WithMany().HasForeignKey(row => row.ParentId).OnDelete(DeleteBehavior.NoAction);
        });
        modelBuilder.Entity<FactRow>(fact =>
        {
            fact.ToTable("facts");
            fact.HasIndex(row => new { row.Subject, row.CharacterId, row.Relation });
            fact.HasIndex(row => row.SessionId);
            fact.HasOne<TurnRow>().WithMany().HasForeignKey(row => row.TurnId).OnDelete(DeleteBehavior.Cascade);
        });
        modelBuilder.Entity<EntityRow>(entity =>
        {
            entity.ToTable("entities");
            entity.HasIndex(row => new { row.Subject, row.CharacterId, row.Name }).IsUnique();
        });
        modelBuilder.Entity<RelationRow>(relation =>
        {
            relation.ToTable("relations").HasKey(row => row.FactId);
            relation.HasIndex(row => row.FromId);
            relation.HasIndex(row => row.ToId);
            relation.HasOne<FactRow>().WithMany().HasForeignKey(row => row.FactId).OnDelete(DeleteBehavior.Cascade);
            relation.HasOne<EntityRow>().WithMany().HasForeignKey(row => row.FromId).OnDelete(DeleteBehavior.Cascade);
            relation.HasOne<EntityRow>().WithMany().HasForeignKey(row => row.ToId).OnDelete(DeleteBehavior.Cascade);
        });
        modelBuilder.Entity<SummaryRow>(summary =>
        {
            summary.ToTable("summaries");
            summary.HasIndex(row => new { row.SessionId, row.Depth });
            summary.HasOne<SessionRow>().WithMany().HasForeignKey(row => row.SessionId).OnDelete(DeleteBehavior.Cascade);
        });
        modelBuilder.Entity<SceneRow>(scene =>
        {
            scene.ToTable("scenes").HasKey(row => new { row.SessionId, row.Number });
            scene.HasOne<SessionRow>().WithMany().HasForeignKey(row => row.SessionId).OnDelete(DeleteBehavior.Cascade);
        });
        modelBuilder.Entity<WitnessRow>(witness =>
        {
            witness.ToTable("witnesses").HasKey(row => new { row.SessionId, row.CharacterId });
            witness.HasIndex(row => new { row.Subject, row.CharacterId });
            witness.HasOne<SessionRow>().WithMany().HasForeignKey(row => row.SessionId).OnDelete(DeleteBehavior.Cascade);
        });
        modelBuilder.Entity<ReplyScoreRow>(score =>
        {
            score.ToTable("reply_scores").HasKey(row => row.TurnId);
            score.HasIndex(row => row.SessionId);
            score.HasOne<TurnRow>().WithMany().HasForeignKey(row => row.TurnId).OnDelete(DeleteBehavior.Cascade);
        });
        modelBuilder.Entity<CursorRow>(cursor =>
        {
            cursor.ToTable("cursors").HasKey(row => new { row.Worker, row.SessionId });
            cursor.HasIndex(row => row.Worker, "IX_cursors_behind").HasFilter("\"told\" > \"number\"");
            cursor.HasOne<SessionRow>().WithMany().HasForeignKey(row => row.SessionId).OnDelete(DeleteBehavior.Cascade);
        });
        modelBuilder.Entity<ReceiptRow>(receipt =>
        {
            receipt.ToTable("receipts");
            receipt.HasOne<SessionRow>().WithMany().HasForeignKey(row => row.SessionId).OnDelete(DeleteBehavior.Cascade);
        });
        modelBuilder.Entity<RequestRow>(request =>
        {
            request.ToTable("requests");
            request.HasIndex(row => row.ReplyTurnId).IsUnique();
            // The newest of a session, and those of a turn, are asked for with each message: neither costs what the session is long.
            request.HasIndex(row => new { row.SessionId, row.CreatedAt });
            request.HasIndex(row => row.UserTurnId);
            request.HasOne<SessionRow>().WithMany().HasForeignKey(row => row.SessionId).OnDelete(DeleteBehavior.Cascade);
        });
        modelBuilder.Entity<MarkRow>().ToTable("marks").HasKey(row => row.Name);

        foreach (var property in modelBuilder.Model.GetEntityTypes().SelectMany(type => type.GetProperties()))
            property.SetColumnName(SnakeCase(property.Name));
    }

    private static string SnakeCase(string name) =>
        string.Concat(name.Select((letter, at) => char.IsUpper(letter) ? (at == 0 ? "" : "_") + char.ToLowerInvariant(letter) : letter.ToString()));

    private sealed class UnixMilliseconds() : ValueConverter<DateTimeOffset, long>(
        time => time.ToUnixTimeMilliseconds(),
        stored => DateTimeOffset.FromUnixTimeMilliseconds(stored));
}

internal sealed class SqliteMemoryDb(DbContextOptions<SqliteMemoryDb> options) : MemoryDb(options)
{
    // There is one writer at a time: a transaction of writing is the lock.
    public override async Task HoldReceiptsAsync(string subject, CancellationToken cancellation)
    {
        if (Database.CurrentTransaction is not null)
            return;
        Held = await Database.BeginTransactionAsync(cancellation);
        Database.AutoSavepointsEnabled = false;
    }
}

internal sealed class PostgresMemoryDb(DbContextOptions<PostgresMemoryDb> options) : MemoryDb(options)
{
    // In the transaction that saves: with its end, however it comes, the lock is gone.
    public override async Task HoldAsync(string subject, string characterId, CancellationToken cancellation)
    {
        await BeginHeldAsync(cancellation);
        await LockAsync($"{characterId}\n{subject}", 0, cancellation);
    }

    public override async Task HoldReceiptsAsync(string subject, CancellationToken cancellation)
    {
        if (Database.CurrentTransaction is null)
            await BeginHeldAsync(cancellation);
        await LockAsync(subject, 1, cancellation);
    }

    private async Task BeginHeldAsync(CancellationToken cancellation)
    {
        Held = await Database.BeginTransactionAsync(cancellation);
        Database.AutoSavepointsEnabled = false;
    }

    private Task LockAsync(string key, long kind, CancellationToken cancellation) => Database.ExecuteSqlAsync($"SELECT pg_advisory_xact_lock(hashtextextended({key}, {kind}))", cancellation);
}
