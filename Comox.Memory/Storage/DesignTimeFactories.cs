using Microsoft.EntityFrameworkCore.Design;

namespace Comox.Memory.Storage;

// dotnet-ef creates contexts through these; it only needs the provider, never a connection.

internal sealed class SqliteDesignTimeFactory : IDesignTimeDbContextFactory<SqliteMemoryDb>
{
    public SqliteMemoryDb CreateDbContext(string[] args) => new(MemoryDbFactory.Sqlite("Data Source=:memory:"));
}

internal sealed class PostgresDesignTimeFactory : IDesignTimeDbContextFactory<PostgresMemoryDb>
{
    public PostgresMemoryDb CreateDbContext(string[] args) => new(MemoryDbFactory.Postgres("Host=localhost"));
}
