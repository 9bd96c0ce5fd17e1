using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Comox.Memory.Storage.Sqlite.Migrations
{
    /// <inheritdoc />
    public partial class TurnsHeard : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            // Who heard what was said before is not noted: the scenes tell.
            migrationBuilder.AddColumn<string>(
                name: "heard",
                table: "turns",
                type: "TEXT",
                nullable: true);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropColumn(
                name: "heard",
                table: "turns");
        }
    }
}
