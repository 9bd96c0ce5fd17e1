using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Comox.Memory.Storage.Postgres.Migrations
{
    /// <inheritdoc />
    public partial class TurnsExtracted : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<bool>(
                name: "extracted",
                table: "turns",
                type: "boolean",
                nullable: false,
                defaultValue: false);

            // What the worker had passed was read if it was on the line, except a reply that the person had not yet gone on from.
            migrationBuilder.Sql(
                """
                UPDATE turns SET extracted = TRUE
                WHERE "current" AND number <= (SELECT cursors.number FROM cursors WHERE cursors.worker = 'extract' AND cursors.session_id = turns.session_id)
                AND NOT EXISTS (SELECT 1 FROM sessions WHERE sessions.id = turns.session_id AND sessions.head_id = turns.id AND turns.role = 'assistant');
                """);

            migrationBuilder.CreateIndex(
                name: "IX_turns_unread",
                table: "turns",
                columns: new[] { "session_id", "depth" },
                filter: "\"current\" AND NOT \"extracted\"");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropIndex(
                name: "IX_turns_unread",
                table: "turns");

            migrationBuilder.DropColumn(
                name: "extracted",
                table: "turns");
        }
    }
}
