namespace Comox.Memory.Storage;

/// <summary>Who was a guest where, from the scenes that a database has already: what the migrations that bring the table fill it with.</summary>
internal static class WitnessFill
{
    public const string Sqlite =
        """
        INSERT INTO witnesses (session_id, character_id, subject)
        SELECT DISTINCT scene.session_id, guest.value, session.subject
        FROM scenes AS scene JOIN sessions AS session ON session.id = scene.session_id, json_each(scene.present) AS guest
        WHERE scene.present IS NOT NULL AND guest.value <> session.character_id
        """;

    public const string Postgres =
        """
        INSERT INTO witnesses (session_id, character_id, subject)
        SELECT DISTINCT scene.session_id, guest.value, session.subject
        FROM scenes AS scene JOIN sessions AS session ON session.id = scene.session_id, jsonb_array_elements_text(CAST(scene.present AS jsonb)) AS guest(value)
        WHERE scene.present IS NOT NULL AND guest.value <> session.character_id
        """;
}
