using Comox.ServiceDefaults;
using Comox.ServiceDefaults.Contracts.Memory;
using Microsoft.Data.Sqlite;

namespace Comox.Gateway.Recall;

/// <param name="Session">Session it belongs to.</param>
/// <param name="Turn">Id under which it is recorded.</param>
/// <param name="Reply">What the memory service is to store.</param>
internal sealed record PendingReply(string Session, string Turn, RecordedReply Reply);

/// <summary>A <see cref="PendingReply"/> on disk; <paramref name="Id"/> grows in the order of writing.</summary>
internal sealed record StoredReply(long Id, PendingReply Pending);

/// <summary>A reply on disk that the memory service will never take, and why.</summary>
internal sealed record RefusedReply(long Id, string Reason);

/// <summary>
/// Replies that the client may already have seen and the memory service has not: one table in <c>COMOX_HOME/gateway/outbox.db</c>. A write
/// has reached the disk when it returns (<c>synchronous=FULL</c>). A reply that the memory service refuses for good stays as a dead letter, with the
/// reason in <c>refused</c>. One owner; not thread-safe.
/// </summary>
internal sealed class ReplyOutbox : IDisposable
{
    private readonly SqliteConnection _database;

    private ReplyOutbox(SqliteConnection database) => _database = database;

    public static ReplyOutbox Open(string path)
    {
        var database = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path, Pooling = false, DefaultTimeout = 5 }.ToString());
        try
        {
            database.Open();
            var outbox = new ReplyOutbox(database);
            outbox.Execute("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA secure_delete=ON;");
            outbox.Execute("""
                CREATE TABLE IF NOT EXISTS replies (
                    id INTEGER PRIMARY KEY AUTOINCREMENT,
                    session TEXT NOT NULL,
                    turn TEXT NOT NULL UNIQUE,
                    content TEXT NOT NULL,
                    finish_reason TEXT NOT NULL,
                    model TEXT NOT NULL,
                    receipt TEXT NOT NULL,
                    refused TEXT)
                """);
            if (!outbox.Has("refused"))
                outbox.Execute("ALTER TABLE replies ADD COLUMN refused TEXT");
            return outbox;
        }
        catch (SqliteException problem)
        {
            database.Dispose();
            throw new StartupProblem(
                $"The gateway's outbox {path} cannot be opened: {problem.Message}",
                "Make the file writable for this user. If it is damaged, move it away: replies in it that were not yet recorded are lost.",
                problem);
        }
    }

    /// <summary>Adds, removes and sets aside in one transaction, so that many replies share one wait for the disk.</summary>
    /// <returns>Ids of the added replies, in order.</returns>
    public IReadOnlyList<long> Apply(IReadOnlyList<PendingReply> added, IReadOnlyList<long> removed, IReadOnlyList<RefusedReply> refused)
    {
        using var transaction = _database.BeginTransaction();
        var ids = added.Select(Insert).ToList();
        foreach (var id in removed)
            Delete(id);
        foreach (var reply in refused)
            SetAside(reply);
        transaction.Commit();

        // SQLite's log keeps the words as they were until it is begun anew, and a deletion promises that they are nowhere. Where replies still come in, nobody waits for it.
        if (removed.Count > 0 && added.Count == 0)
            Execute("PRAGMA wal_checkpoint(TRUNCATE);");
        return ids;
    }

    /// <summary>Throws where a reply could not be written at this moment.</summary>
    public void Try()
    {
        using var transaction = _database.BeginTransaction();
        Delete(Insert(new PendingReply("", "", new RecordedReply { Content = "", FinishReason = "", Model = "", Receipt = "" })));
        transaction.Commit();
    }

    /// <summary>Everything that is still to be recorded.</summary>
    public IReadOnlyList<StoredReply> ReadAll()
    {
        using var command = _database.CreateCommand();
        command.CommandText = "SELECT id, session, turn, content, finish_reason, model, receipt FROM replies WHERE refused IS NULL ORDER BY id";
        using var rows = command.ExecuteReader();
        var replies = new List<StoredReply>();
        while (rows.Read())
        {
            var reply = new RecordedReply { Content = rows.GetString(3), FinishReason = rows.GetString(4), Model = rows.GetString(5), Receipt = rows.GetString(6) };
            replies.Add(new StoredReply(rows.GetInt64(0), new PendingReply(rows.GetString(1), rows.GetString(2), reply)));
        }

        return replies;
    }

    public void Dispose() => _database.Dispose();

    private long Insert(PendingReply pending)
    {
        using var command = _database.CreateCommand();
        command.CommandText = """
            INSERT INTO replies (session, turn, content, finish_reason, model, receipt)
            VALUES ($session, $turn, $content, $finish, $model, $receipt) RETURNING id
            """;
        command.Parameters.AddWithValue("$session", pending.Session);
        command.Parameters.AddWithValue("$turn", pending.Turn);
        command.Parameters.AddWithValue("$content", pending.Reply.Content);
        command.Parameters.AddWithValue("$finish", pending.Reply.FinishReason);
        command.Parameters.AddWithValue("$model", pending.Reply.Model);
        command.Parameters.AddWithValue("$receipt", pending.Reply.Receipt);
        return (long)command.ExecuteScalar()!;
    }

    private void Delete(long id)
    {
        using var command = _database.CreateCommand();
        command.CommandText = "DELETE FROM replies WHERE id = $id";
        command.Parameters.AddWithValue("$id", id);
        command.ExecuteNonQuery();
    }

    private void SetAside(RefusedReply reply)
    {
        using var command = _database.CreateCommand();
        command.CommandText = "UPDATE replies SET refused = $reason WHERE id = $id";
        command.Parameters.AddWithValue("$id", reply.Id);
        command.Parameters.AddWithValue("$reason", reply.Reason);
        command.ExecuteNonQuery();
    }

    private bool Has(string column)
    {
        using var command = _database.CreateCommand();
        command.CommandText = "SELECT COUNT(*) FROM pragma_table_info('replies') WHERE name = $column";
        command.Parameters.AddWithValue("$column", column);
        return (long)command.ExecuteScalar()! > 0;
    }

    private void Execute(string sql)
    {
        using var command = _database.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}
