using Comox.Memory.Recall;
using Comox.TestKit;
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
