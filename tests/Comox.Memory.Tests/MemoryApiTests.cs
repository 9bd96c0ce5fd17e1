using System.Net;
using System.Net.Http.Json;
using System.Text;
using Comox.Memory.Storage;
using Comox.ServiceDefaults;
using Comox.ServiceDefaults.Contracts.OpenAI;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Comox.Memory.Tests;

public sealed class MemoryApiTests
{
    [Theory]
    [InlineData("GET", "/memory/characters")]
    [InlineData("POST", "/memory/superprompts")]
    [InlineData("GET", "/memory/subjects/mara/facts")]
    [InlineData("GET", "/memory/receipts/rcp_x")]
    public async Task Nothing_is_told_without_a_key(string method, string path)
    {
        await using var memory = await MemoryHost.StartAsync();
        using var stranger = new HttpClient { BaseAddress = memory.Http.BaseAddress };
        using var response = await stranger.SendAsync(new HttpRequestMessage(new HttpMethod(method), path), HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
    }

    [Theory]
    [InlineData("/memory/superprompts", "{", "invalid_json")]
    [InlineData("/memory/superprompts", "null", "invalid_json")]
    [InlineData("/memory/superprompts", "{}", "invalid_json")]
    [InlineData("/memory/superprompts", """{"request_id":"r","character":"brine","subject":"","messages":[{"role":"user","content":"x"}],"model":"m","profile":PROFILE}""", "invalid_request")]
    [InlineData("/memory/superprompts", """{"request_id":"","character":"brine","subject":"s","messages":[{"role":"user","content":"x"}],"model":"m","profile":PROFILE}""", "invalid_request")]
    [InlineData("/memory/superprompts", """{"request_id":"r","character":"brine","subject":"s","messages":[],"model":"m","profile":PROFILE}""", "invalid_request")]
    [InlineData("/memory/superprompts", """{"request_id":"r","character":"brine","subject":"s","messages":[null],"model":"m","profile":PROFILE}""", "invalid_request")]
    [InlineData("/memory/superprompts", """{"request_id":"r","character":"brine","subject":"s","messages":[{"role":"user","content":"x\ud83d"}],"model":"m","profile":PROFILE}""", "invalid_json")]
    [InlineData("/memory/sessions", """{"character":"brine"}""", "invalid_request")]
    [InlineData("/memory/sessions", """{"character":"nobody","subject":"mara"}""", "character_not_found")]
    public async Task A_bad_body_is_refused_with_a_code(string path, string body, string code)
    {
        await using var memory = await MemoryHost.StartAsync();
        body = body.Replace("PROFILE", """{"id":"p","context_tokens":4096,"prompt_tokens":3072,"reply_tokens":64,"chars_per_token":3,"memory_lines":5,"history_turns":9,"system_format":"standard"}""", StringComparison.Ordinal);
        using var response = await memory.Http.PostAsync(path, new StringContent(body, Encoding.UTF8, "application/json"));
        Assert.Equal(code, (await response.Content.ReadFromJsonAsync(OpenAIJson.Default.ApiErrorBody))!.Error.Code);
    }

    [Fact]
    public async Task A_text_with_nul_and_letters_of_all_kinds_is_stored_as_text()
    {
        await using var memory = await MemoryHost.StartAsync();
        var prompt = await memory.SayAsync("Zero\0 and 😀 and 龍 and \u202e.");
        Assert.Equal(["user: Zero and 😀 and 龍 and \u202e."], await memory.LineAsync(prompt.Session));
    }

    [Fact]
    public async Task The_health_endpoint_knows_the_database()
    {
        await using var memory = await MemoryHost.StartAsync();
        Assert.Equal("Healthy", await memory.Http.GetStringAsync("/health"));
    }

    [Fact]
    public async Task A_failing_database_is_an_answer_and_makes_the_service_unready()
    {
        await using var memory = await MemoryHost.StartAsync();
        await using (var db = memory.Services.GetRequiredService<MemoryDbFactory>().Open())
            await db.Database.ExecuteSqlRawAsync("DROP TABLE marks; DROP TABLE requests;");
        var failed = await memory.AskAsync([new("user", "Hello!")]);
        Assert.Equal((503, ErrorCodes.StorageFailed), (failed.Error!.Status, failed.Error.Code));
        using var health = await memory.Http.GetAsync("/health");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, health.StatusCode);
    }

    [Fact]
    public async Task A_damaged_database_keeps_the_service_from_starting_with_a_way_out()
    {
        var home = Directory.CreateTempSubdirectory("comox-memory-");
        try
        {
            Directory.CreateDirectory(Path.Combine(home.FullName, "memory"));
            await File.WriteAllTextAsync(Path.Combine(home.FullName, "memory", "memory.db"), new string('x', 5000));
            var problem = await Assert.ThrowsAsync<StartupProblem>(() => MemoryHost.StartAsync(home.FullName));
            Assert.Contains("memory.db", problem.Message);
            Assert.Contains("COMOX_HOME", problem.WayOut);
        }
        finally
        {
            Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
            home.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task A_lock_that_a_killed_start_left_does_not_hold_up_the_next()
    {
        var home = Directory.CreateTempSubdirectory("comox-memory-");
        try
        {
            await using (var memory = await MemoryHost.StartAsync(home.FullName))
            {
                await using var db = memory.Services.GetRequiredService<MemoryDbFactory>().Open();
                await db.Database.ExecuteSqlRawAsync(
                    """
                    CREATE TABLE IF NOT EXISTS "__EFMigrationsLock" ("Id" INTEGER NOT NULL PRIMARY KEY, "Timestamp" TEXT NOT NULL);
                    INSERT INTO "__EFMigrationsLock" VALUES (1, '2026-01-01');
                    """);
            }

            // With the schema there; and with it still to be made, as when the process ends within its very first start.
            await using (var memory = await Started())
            {
                await using var db = memory.Services.GetRequiredService<MemoryDbFactory>().Open();
                await db.Database.ExecuteSqlRawAsync(
                    """
                    DROP TABLE cursors; DROP TABLE events; DROP TABLE relations; DROP TABLE entities; DROP TABLE reply_scores; DROP TABLE scenes; DROP TABLE witnesses; DROP TABLE summaries;
                    DROP TABLE avatars; DROP TABLE facts; DROP TABLE identities; DROP TABLE marks; DROP TABLE receipts; DROP TABLE requests; DROP TABLE turns;
                    DROP TABLE sessions; DROP TABLE characters; DROP TABLE migrations;
                    """);
            }

            await using (var memory = await Started())
                Assert.Equal(3, (await memory.Client.ListCharactersAsync()).Value!.Data.Count);
        }
        finally
        {
            Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
            home.Delete(recursive: true);
        }

        Task<MemoryHost> Started() => MemoryHost.StartAsync(home.FullName).WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task What_is_deleted_is_overwritten_in_the_file()
    {
        await using var memory = await MemoryHost.StartAsync();
        await using var db = memory.Services.GetRequiredService<MemoryDbFactory>().Open();
        Assert.Equal([1], await db.Database.SqlQueryRaw<int>("PRAGMA secure_delete").ToListAsync());
    }

    [Theory]
    [InlineData("""{"content":null,"finish_reason":"stop","model":"m","receipt":"r"}""", "content")]
    [InlineData("""{"content":"x","finish_reason":null,"model":"m","receipt":"r"}""", "finish_reason")]
    public async Task A_reply_without_a_text_is_refused_with_the_field_named(string body, string field)
    {
        await using var memory = await MemoryHost.StartAsync();
        var prompt = await memory.SayAsync("Hello!");
        using var response = await memory.Http.PutAsync($"/memory/sessions/{prompt.Session}/turns/{prompt.ReplyTurn}", new StringContent(body, Encoding.UTF8, "application/json"));
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Equal(field, (await response.Content.ReadFromJsonAsync(OpenAIJson.Default.ApiErrorBody))!.Error.Param);
    }

    [Fact]
    public async Task Bad_settings_are_all_named_by_their_keys()
    {
        var problem = await Assert.ThrowsAsync<OptionsValidationException>(
            () => MemoryHost.StartAsync(settings: new() { ["Comox:Memory:MaxCardBytes"] = "1", ["Comox:Memory:MaxIndexedTurns"] = "0" }));
        Assert.Equal(2, problem.Failures.Count());
        Assert.All(problem.Failures, failure => Assert.StartsWith("Comox:Memory:", failure));
    }

    [Fact]
    public async Task An_example_that_was_deleted_does_not_come_back_with_a_restart()
    {
        var home = Directory.CreateTempSubdirectory("comox-memory-");
        try
        {
            await using (var memory = await MemoryHost.StartAsync(home.FullName))
                await memory.Http.DeleteAsync("/memory/characters/pim");
            await using (var memory = await MemoryHost.StartAsync(home.FullName))
                Assert.Equal(["brine", "clementine"], (await memory.Client.ListCharactersAsync()).Value!.Data.Select(character => character.Slug));
        }
        finally
        {
            Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
            home.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task Sessions_are_listed_newest_first_with_the_first_words_as_title()
    {
        await using var memory = await MemoryHost.StartAsync();
        var first = await memory.ExchangeAsync("  Hello\n there! ", "Arr!");
        var second = await memory.ExchangeAsync("Good morning.", "Beep.", character: "pim");
        var list = (await memory.Client.ListSessionsAsync("mara")).Value!.Data;
        Assert.Equal([(second.Session, "Good morning."), (first.Session, "Hello there!")], list.Select(session => (session.Id, session.Title)));
        Assert.Equal([first.Session], (await memory.Client.ListSessionsAsync("mara", "brine")).Value!.Data.Select(session => session.Id));
        Assert.Equal(400, (await memory.Client.ListSessionsAsync("mara", limit: 0)).Error!.Status);
    }
}
