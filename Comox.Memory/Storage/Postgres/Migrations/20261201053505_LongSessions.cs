using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Comox.Memory.Storage.Postgres.Migrations
{
    /// <inheritdoc />
    public partial class LongSessions : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropIndex(
                name: "IX_requests_session_id",
                table: "requests");

            migrationBuilder.DropIndex(
                name: "IX_turns_chain",
                table: "turns");

            migrationBuilder.CreateIndex(
                name: "IX_requests_session_id_created_at",
                table: "requests",
                columns: ["session_id", "created_at"]);

            migrationBuilder.CreateIndex(
                name: "IX_requests_user_turn_id",
                table: "requests",
                column: "user_turn_id");

            migrationBuilder.CreateIndex(
                name: "IX_turns_chain_session_id",
                table: "turns",
                columns: ["chain", "session_id"]);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropIndex(
                name: "IX_requests_session_id_created_at",
                table: "requests");

            migrationBuilder.DropIndex(
                name: "IX_requests_user_turn_id",
                table: "requests");

            migrationBuilder.DropIndex(
                name: "IX_turns_chain_session_id",
                table: "turns");

            migrationBuilder.CreateIndex(
                name: "IX_requests_session_id",
                table: "requests",
                column: "session_id");

            migrationBuilder.CreateIndex(
                name: "IX_turns_chain",
                table: "turns",
                column: "chain");
        }
    }
}
