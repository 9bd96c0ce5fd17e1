using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Comox.Memory.Storage.Postgres.Migrations
{
    /// <inheritdoc />
    public partial class ToldPlaces : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<int>(
                name: "told",
                table: "sessions",
                type: "integer",
                nullable: false,
                defaultValue: 0);

            migrationBuilder.AddColumn<int>(
                name: "told",
                table: "cursors",
                type: "integer",
                nullable: false,
                defaultValue: 0);

            migrationBuilder.CreateIndex(
                name: "IX_sessions_untold",
                table: "sessions",
                column: "id",
                filter: "\"version\" > \"told\"");

            migrationBuilder.CreateIndex(
                name: "IX_cursors_behind",
                table: "cursors",
                column: "worker",
                filter: "\"told\" > \"number\"");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropIndex(
                name: "IX_sessions_untold",
                table: "sessions");

            migrationBuilder.DropIndex(
                name: "IX_cursors_behind",
                table: "cursors");

            migrationBuilder.DropColumn(
                name: "told",
                table: "sessions");

            migrationBuilder.DropColumn(
                name: "told",
                table: "cursors");
        }
    }
}
