using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Comox.Memory.Storage.Postgres.Migrations
{
    /// <inheritdoc />
    public partial class Log : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropIndex(
                name: "IX_facts_subject_character_id",
                table: "facts");

            migrationBuilder.AddColumn<int>(
                name: "number",
                table: "turns",
                type: "integer",
                nullable: false,
                defaultValue: 0);

            migrationBuilder.AddColumn<int>(
                name: "reshaped",
                table: "sessions",
                type: "integer",
                nullable: false,
                defaultValue: 0);

            migrationBuilder.AddColumn<int>(
                name: "title_depth",
                table: "sessions",
                type: "integer",
                nullable: false,
                defaultValue: 0);

            migrationBuilder.AddColumn<string>(
                name: "turns",
                table: "receipts",
                type: "text",
                nullable: false,
                defaultValue: "");

            migrationBuilder.AddColumn<string>(
                name: "about",
                table: "facts",
                type: "text",
                nullable: false,
                defaultValue: "");

            migrationBuilder.AddColumn<string>(
                name: "epistemic",
                table: "facts",
                type: "text",
                nullable: false,
                defaultValue: "");

            migrationBuilder.AddColumn<long>(
                name: "expired_at",
                table: "facts",
                type: "bigint",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "expired_by",
                table: "facts",
                type: "text",
                nullable: true);

            migrationBuilder.AddColumn<bool>(
                name: "live",
                table: "facts",
                type: "boolean",
                nullable: false,
                defaultValue: false);

            migrationBuilder.AddColumn<string>(
                name: "reader",
                table: "facts",
                type: "text",
                nullable: false,
                defaultValue: "");

            migrationBuilder.AddColumn<long>(
                name: "told_until",
                table: "facts",
                type: "bigint",
                nullable: true);

            migrationBuilder.AddColumn<int>(
                name: "turn_number",
                table: "facts",
                type: "integer",
                nullable: false,
                defaultValue: 0);

            migrationBuilder.AddColumn<long>(
                name: "valid_from",
                table: "facts",
                type: "bigint",
                nullable: false,
                defaultValue: 0L);

            migrationBuilder.AddColumn<long>(
                name: "valid_to",
                table: "facts",
                type: "bigint",
                nullable: true);

            migrationBuilder.CreateTable(
                name: "cursors",
                columns: table => new
                {
                    worker = table.Column<string>(type: "text", nullable: false),
                    session_id = table.Column<string>(type: "text", nullable: false),
                    number = table.Column<int>(type: "integer", nullable: false),
                    failures = table.Column<int>(type: "integer", nullable: false),
                    retry_at = table.Column<long>(type: "bigint", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_cursors", x => new { x.worker, x.session_id });
                    table.ForeignKey(
                        name: "FK_cursors_sessions_session_id",
                        column: x => x.session_id,
                        principalTable: "sessions",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "entities",
                columns: table => new
                {
                    id = table.Column<string>(type: "text", nullable: false),
                    subject = table.Column<string>(type: "text", nullable: false),
                    character_id = table.Column<string>(type: "text", nullable: false),
                    name = table.Column<string>(type: "text", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_entities", x => x.id);
                });

            migrationBuilder.CreateTable(
                name: "events",
                columns: table => new
                {
                    session_id = table.Column<string>(type: "text", nullable: false),
                    number = table.Column<int>(type: "integer", nullable: false),
                    turn_id = table.Column<string>(type: "text", nullable: true),
                    body = table.Column<string>(type: "text", nullable: false),
                    at = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_events", x => new { x.session_id, x.number });
                    table.ForeignKey(
                        name: "FK_events_sessions_session_id",
                        column: x => x.session_id,
                        principalTable: "sessions",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "reply_scores",
                columns: table => new
                {
                    turn_id = table.Column<string>(type: "text", nullable: false),
                    session_id = table.Column<string>(type: "text", nullable: false),
                    total = table.Column<double>(type: "double precision", nullable: false),
                    score = table.Column<string>(type: "text", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_reply_scores", x => x.turn_id);
                    table.ForeignKey(
                        name: "FK_reply_scores_turns_turn_id",
                        column: x => x.turn_id,
                        principalTable: "turns",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "scenes",
                columns: table => new
                {
                    session_id = table.Column<string>(type: "text", nullable: false),
                    number = table.Column<int>(type: "integer", nullable: false),
                    turn_id = table.Column<string>(type: "text", nullable: true),
                    place = table.Column<string>(type: "text", nullable: true),
                    time = table.Column<string>(type: "text", nullable: true),
                    present = table.Column<string>(type: "text", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_scenes", x => new { x.session_id, x.number });
                    table.ForeignKey(
                        name: "FK_scenes_sessions_session_id",
                        column: x => x.session_id,
                        principalTable: "sessions",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "summaries",
                columns: table => new
                {
                    id = table.Column<string>(type: "text", nullable: false),
                    session_id = table.Column<string>(type: "text", nullable: false),
                    chain = table.Column<string>(type: "text", nullable: false),
                    depth = table.Column<int>(type: "integer", nullable: false),
                    number = table.Column<int>(type: "integer", nullable: false),
                    sources = table.Column<string>(type: "text", nullable: false),
                    content = table.Column<string>(type: "text", nullable: false),
                    model = table.Column<string>(type: "text", nullable: false),
                    created_at = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_summaries", x => x.id);
                    table.ForeignKey(
                        name: "FK_summaries_sessions_session_id",
                        column: x => x.session_id,
                        principalTable: "sessions",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "relations",
                columns: table => new
                {
                    fact_id = table.Column<string>(type: "text", nullable: false),
                    from_id = table.Column<string>(type: "text", nullable: false),
                    to_id = table.Column<string>(type: "text", nullable: false),
                    relation = table.Column<string>(type: "text", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_relations", x => x.fact_id);
                    table.ForeignKey(
                        name: "FK_relations_entities_from_id",
                        column: x => x.from_id,
                        principalTable: "entities",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                    table.ForeignKey(
                        name: "FK_relations_entities_to_id",
                        column: x => x.to_id,
                        principalTable: "entities",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                    table.ForeignKey(
                        name: "FK_relations_facts_fact_id",
                        column: x => x.fact_id,
                        principalTable: "facts",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateIndex(
                name: "IX_facts_subject_character_id_relation",
                table: "facts",
                columns: new[] { "subject", "character_id", "relation" });

            migrationBuilder.CreateIndex(
                name: "IX_cursors_session_id",
                table: "cursors",
                column: "session_id");

            migrationBuilder.CreateIndex(
                name: "IX_entities_subject_character_id_name",
                table: "entities",
                columns: new[] { "subject", "character_id", "name" },
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_events_turn_id",
                table: "events",
                column: "turn_id");

            migrationBuilder.CreateIndex(
                name: "IX_relations_from_id",
                table: "relations",
                column: "from_id");

            migrationBuilder.CreateIndex(
                name: "IX_relations_to_id",
                table: "relations",
                column: "to_id");

            migrationBuilder.CreateIndex(
                name: "IX_reply_scores_session_id",
                table: "reply_scores",
                column: "session_id");

            migrationBuilder.CreateIndex(
                name: "IX_summaries_session_id_depth",
                table: "summaries",
                columns: new[] { "session_id", "depth" });
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "cursors");

            migrationBuilder.DropTable(
                name: "events");

            migrationBuilder.DropTable(
                name: "relations");

            migrationBuilder.DropTable(
                name: "reply_scores");

            migrationBuilder.DropTable(
                name: "scenes");

            migrationBuilder.DropTable(
                name: "summaries");

            migrationBuilder.DropTable(
                name: "entities");

            migrationBuilder.DropIndex(
                name: "IX_facts_subject_character_id_relation",
                table: "facts");

            migrationBuilder.DropColumn(
                name: "number",
                table: "turns");

            migrationBuilder.DropColumn(
                name: "reshaped",
                table: "sessions");

            migrationBuilder.DropColumn(
                name: "title_depth",
                table: "sessions");

            migrationBuilder.DropColumn(
                name: "turns",
                table: "receipts");

            migrationBuilder.DropColumn(
                name: "about",
                table: "facts");

            migrationBuilder.DropColumn(
                name: "epistemic",
                table: "facts");

            migrationBuilder.DropColumn(
                name: "expired_at",
                table: "facts");

            migrationBuilder.DropColumn(
                name: "expired_by",
                table: "facts");

            migrationBuilder.DropColumn(
                name: "live",
                table: "facts");

            migrationBuilder.DropColumn(
                name: "reader",
                table: "facts");

            migrationBuilder.DropColumn(
                name: "told_until",
                table: "facts");

            migrationBuilder.DropColumn(
                name: "turn_number",
                table: "facts");

            migrationBuilder.DropColumn(
                name: "valid_from",
                table: "facts");

            migrationBuilder.DropColumn(
                name: "valid_to",
                table: "facts");

            migrationBuilder.CreateIndex(
                name: "IX_facts_subject_character_id",
                table: "facts",
                columns: new[] { "subject", "character_id" });
        }
    }
}
