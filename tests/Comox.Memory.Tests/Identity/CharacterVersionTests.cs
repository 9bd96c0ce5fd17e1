using System.Net;
using System.Text;
using Comox.ServiceDefaults.Clients;
using Comox.ServiceDefaults.Contracts.Memory;
using Comox.ServiceDefaults.Contracts.OpenAI;

namespace Comox.Memory.Tests;

public sealed class CharacterVersionTests
{
    private const string First = """{"spec":"chara_card_v2","spec_version":"2.0","data":{"name":"Ada","description":"A miller.","extensions":{"x":{"y":[1,2]},"comox":{"boundaries":["Never swears."]}},"unknown":{"kept":true}}}""";
    private const string Second = """{"spec":"chara_card_v2","spec_version":"2.0","data":{"name":"Ada Byron","description":"An engineer."}}""";

    [Fact]
    public async Task Another_card_makes_another_version_and_leaves_the_first_byte_for_byte()
    {
        await using var memory = await ImportedAsync();
        var replaced = (await ReplaceAsync(memory, Second)).Value!;
        Assert.Equal((2, "ada", "Ada Byron", "An engineer."), (replaced.IdentityVersion, replaced.Slug, replaced.Name, replaced.Description));
        Assert.Equal(First, await memory.Http.GetStringAsync("/memory/characters/ada/versions/1/card"));
        Assert.Equal(Second, await memory.Http.GetStringAsync("/memory/characters/ada/card"));

        var versions = (await memory.Client.ListCharacterVersionsAsync("ada")).Value!.Data;
        Assert.Equal([(2, true), (1, false)], versions.Select(version => (version.Version, version.InUse)));
        var first = (await memory.Client.GetCharacterVersionAsync("ada", 1)).Value!;
        Assert.Equal((1, false, "Ada", "A miller."), (first.Version, first.InUse, first.Name, first.Description));
        Assert.Equal(new CharacterBoundary("Never swears.", true), Assert.Single(first.Boundaries));
        Assert.Equal(Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(Encoding.UTF8.GetBytes(First))), first.Digest);
    }

    [Fact]
    public async Task The_same_card_again_makes_no_version()
    {
        await using var memory = await ImportedAsync();
        Assert.Equal(1, (await ReplaceAsync(memory, First)).Value!.IdentityVersion);
        Assert.Single((await memory.Client.ListCharacterVersionsAsync("ada")).Value!.Data);
    }

    [Fact]
    public async Task A_prompt_is_made_of_the_version_in_use_and_its_receipt_names_it()
    {
        await using var memory = await ImportedAsync();
        var before = await memory.SayAsync("Hello!", character: "ada");
        await ReplaceAsync(memory, Second);
        var after = await memory.SayAsync("Hello again!", before.Session, "ada");
        Assert.Contains("A miller.", before.Messages[0].Content);
        Assert.Contains("Never swears.", before.Messages[0].Content);
        Assert.Contains("An engineer.", after.Messages[0].Content);
        Assert.DoesNotContain("A miller.", after.Messages[0].Content);
        Assert.Equal((1, 2), ((await memory.ReceiptAsync(before)).IdentityVersion, (await memory.ReceiptAsync(after)).IdentityVersion));

        var back = (await memory.Client.ActivateCharacterVersionAsync("ada", 1)).Value!;
        Assert.Equal((1, "Ada"), (back.IdentityVersion, back.Name));
        Assert.Contains("A miller.", (await memory.SayAsync("And again!", before.Session, "ada")).Messages[0].Content);
        Assert.Equal([(2, false), (1, true)], (await memory.Client.ListCharacterVersionsAsync("ada")).Value!.Data.Select(version => (version.Version, version.InUse)));
        Assert.Equal(3, (await ReplaceAsync(memory, Second)).Value!.IdentityVersion);
    }

    [Fact]
    public async Task A_picture_stays_until_another_comes_and_goes_with_the_version_it_came_with()
    {
        await using var memory = await ImportedAsync();
        var picture = TestPng.With(("chara", Convert.ToBase64String(Encoding.UTF8.GetBytes(Second))));
        using (var card = new MemoryStream(picture))
            Assert.True((await memory.Client.ReplaceCharacterAsync("ada", card, "image/png")).Value!.HasAvatar);
        Assert.True((await ReplaceAsync(memory, First)).Value!.HasAvatar);
        Assert.Equal(picture, (await memory.Client.GetAvatarAsync("ada")).Value.Bytes);
        Assert.False((await memory.Client.ActivateCharacterVersionAsync("ada", 1)).Value!.HasAvatar);
        Assert.Equal(ErrorCodes.NotFound, (await memory.Client.GetAvatarAsync("ada")).Error!.Code);
        Assert.True((await memory.Client.ActivateCharacterVersionAsync("ada", 2)).Value!.HasAvatar);
    }

    [Fact]
    public async Task Cards_that_come_at_the_same_time_all_become_versions()
    {
        await using var memory = await ImportedAsync();
        var answers = await Task.WhenAll(Enumerable.Range(0, 4).Select(number => ReplaceAsync(memory, Second.Replace("An engineer", $"Engineer {number}", StringComparison.Ordinal))));
        Assert.All(answers, answer => Assert.True(answer.IsSuccess, answer.Error?.Message));
        var versions = (await memory.Client.ListCharacterVersionsAsync("ada")).Value!.Data;
        Assert.Equal([5, 4, 3, 2, 1], versions.Select(version => version.Version));
        Assert.Equal(5, versions.Select(version => version.Digest).Distinct().Count());
        Assert.Single(versions, version => version.InUse);
    }

    [Fact]
    public async Task What_is_not_there_or_no_card_is_refused_with_a_code()
    {
        await using var memory = await ImportedAsync();
        Assert.Equal(ErrorCodes.CharacterNotFound, (await ReplaceAsync(memory, First, "nobody")).Error!.Code);
        Assert.Equal(ErrorCodes.InvalidCard, (await ReplaceAsync(memory, "{}")).Error!.Code);
        Assert.Equal(ErrorCodes.CharacterNotFound, (await memory.Client.ListCharacterVersionsAsync("nobody")).Error!.Code);
        foreach (var version in new[] { 0, 2, -1 })
        {
            var read = (await memory.Client.GetCharacterVersionAsync("ada", version)).Error!;
            Assert.Equal((404, ErrorCodes.VersionNotFound), (read.Status, read.Code));
            Assert.Contains("it has 1 to 1, and 1 is in use", read.Message);
            Assert.Equal(ErrorCodes.VersionNotFound, (await memory.Client.ActivateCharacterVersionAsync("ada", version)).Error!.Code);
        }

        using var card = await memory.Http.GetAsync("/memory/characters/ada/versions/9/card");
        Assert.Equal(HttpStatusCode.NotFound, card.StatusCode);
        Assert.Equal(1, (await memory.Client.GetCharacterAsync("ada")).Value!.IdentityVersion);
    }

    [Fact]
    public async Task On_PostgreSQL_versions_are_the_same()
    {
        await using var memory = await MemoryHost.StartAsync(database: await TestDatabase.CreateAsync());
        await ImportAsync(memory);
        Assert.Equal(2, (await ReplaceAsync(memory, Second)).Value!.IdentityVersion);
        var answers = await Task.WhenAll(Enumerable.Range(0, 4).Select(number => ReplaceAsync(memory, Second.Replace("An engineer", $"Engineer {number}", StringComparison.Ordinal))));
        Assert.All(answers, answer => Assert.True(answer.IsSuccess, answer.Error?.Message));
        Assert.Equal("Ada", (await memory.Client.ActivateCharacterVersionAsync("ada", 1)).Value!.Name);
        Assert.Equal(First, await memory.Http.GetStringAsync("/memory/characters/ada/card"));
    }

    private static async Task<MemoryHost> ImportedAsync()
    {
        var memory = await MemoryHost.StartAsync();
        await ImportAsync(memory);
        return memory;
    }

    private static async Task ImportAsync(MemoryHost memory)
    {
        using var card = new MemoryStream(Encoding.UTF8.GetBytes(First));
        Assert.Equal("ada", (await memory.Client.ImportCharacterAsync(card, "application/json")).Value!.Slug);
    }

    private static async Task<ApiResult<CharacterDetails>> ReplaceAsync(MemoryHost memory, string card, string slug = "ada")
    {
        using var content = new MemoryStream(Encoding.UTF8.GetBytes(card));
        return await memory.Client.ReplaceCharacterAsync(slug, content, "application/json");
    }
}
