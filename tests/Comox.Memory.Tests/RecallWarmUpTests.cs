using Comox.Memory.Recall;
using Comox.Memory.Sessions;
using Comox.Memory.Storage;
using Comox.TestKit;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Comox.Memory.Tests;

/// <summary>After a start the indexes of those who spoke last are there before they speak.</summary>
public sealed class RecallWarmUpTests
{
    [Fact]
    public async Task Who_spoke_last_is_in_memory_before_the_first_message_and_answers_follow_from_it()
    {
        var home = Directory.CreateTempSubdirectory("comox-warm-").FullName;
        try
        {
            await using (var before = await MemoryHost.StartAsync(home))
            {
                foreach (var subject in new[] { "long-ago", "tom", "mara" })
                    await before.ExchangeAsync("I live in Porto.", "Aye.", subject: subject);
                // What clients asked for themselves crowds nobody out.
                await using var db = before.Services.GetRequiredService<MemoryDbFactory>().Open();
                var character = await db.Characters.Select(row => row.Id).FirstAsync(TestContext.Current.CancellationToken);
                await db.Database.ExecuteSqlAsync(
                    $"""
                    WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 1100)
                    INSERT INTO sessions (id, character_id, subject, title_depth, turn_count, version, told, reshaped, created_at, updated_at)
                    SELECT printf('ses_%08d', n), {character}, {BackgroundCalls.SubjectFor("mara")}, 0, 0, 0, 0, 0, n, (SELECT MAX(updated_at) FROM sessions) + n FROM numbers
                    """,
                    TestContext.Current.CancellationToken);
            }

            await using (var after = await MemoryHost.StartAsync(home, settings: new() { ["Comox:Memory:WarmPeople"] = "2" }))
            {
                var indexes = after.Services.GetRequiredService<RecallIndexes>();
                await Eventually.IsTrueAsync(() => indexes.TurnCount == 4, "two of three people's turns are there");
                Assert.Contains((await after.SayAsync("Where do I live?")).Messages, message => message.Content!.Contains("Porto", StringComparison.Ordinal));
                Assert.True(indexes.TurnCount < 6);
            }

            await using var none = await MemoryHost.StartAsync(home, settings: new() { ["Comox:Memory:WarmPeople"] = "0" });
            Assert.Equal(0, none.Services.GetRequiredService<RecallIndexes>().TurnCount);
        }
        finally
        {
            Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
            Directory.Delete(home, recursive: true);
        }
    }
}
