using System.Text;
using Bunit;
using Comox.ServiceDefaults;
using Comox.Web.Characters;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Forms;
using Microsoft.Extensions.DependencyInjection;

namespace Comox.Web.Tests;

public sealed class CharactersPageTests : IAsyncLifetime
{
    private FakeComox _fake = null!;
    private PageContext _page = null!;

    public async ValueTask InitializeAsync()
    {
        _fake = await FakeComox.StartAsync();
        _fake.Characters.Add(Some.Character("Ada", "Hello.") with { Tags = ["history"] });
        _page = await PageContext.StartAsync(_fake);
    }

    public async ValueTask DisposeAsync()
    {
        Assert.Empty(_fake.Violations);
        await _page.DisposeAsync();
        await _fake.DisposeAsync();
    }

    [Fact]
    public void Every_character_has_a_card()
    {
        var characters = OpenList();

        var card = characters.WaitForElement("[data-testid=character-card]");
        Assert.Equal("/characters/ada", card.GetAttribute("href"));
        Assert.Contains("history", card.TextContent, StringComparison.Ordinal);
        Assert.Equal("A", card.QuerySelector(".avatar")!.TextContent.Trim());
    }

    [Fact]
    public void The_picture_of_another_character_has_another_address_though_name_and_version_are_the_same()
    {
        _fake.Characters[0] = _fake.Characters[0] with { HasAvatar = true };
        var before = AddressOf(OpenList());
        _fake.Characters[0] = _fake.Characters[0] with { Id = "chr_second" };
        var after = AddressOf(OpenList());
        _fake.Characters[0] = _fake.Characters[0] with { IdentityVersion = 2 };

        Assert.Equal(
            ["characters/ada/avatar?v=chr_ada-1", "characters/ada/avatar?v=chr_second-1", "characters/ada/avatar?v=chr_second-2"],
            [before, after, AddressOf(OpenList())]);

        static string? AddressOf(IRenderedComponent<CharactersPage> page) => page.WaitForElement(".avatar img").GetAttribute("src");
    }

    [Fact]
    public void Of_several_files_each_gets_its_own_answer_and_a_bad_one_does_not_keep_out_the_good()
    {
        _fake.RefuseCard = card => card.Contains("broken", StringComparison.Ordinal) ? new ApiError(400, "invalid_card", "The card has no name: the field 'data.name' is missing.", "data.name") : null;
        var characters = OpenList();

        Import(characters, ("broken.json", "broken"), ("brine.json", "Brine"), ("notes.txt", "x"), ("huge.png", new string('x', 1_001)));

        characters.WaitForAssertion(() => Assert.Equal(3, characters.FindAll("[data-testid=import-error]").Count));
        var errors = characters.FindAll("[data-testid=import-error]").Select(error => error.TextContent.Trim()).ToList();
        Assert.StartsWith("broken.json The card has no name: the field 'data.name' is missing.", errors[0], StringComparison.Ordinal);
        Assert.StartsWith("notes.txt is neither a .json nor a .png file.", errors[1], StringComparison.Ordinal);
        Assert.StartsWith("huge.png has 1 kB; a card may have 1 kB.", errors[2], StringComparison.Ordinal);
        Assert.Contains("Brine is here.", characters.WaitForElement("[data-testid=import-done]").TextContent, StringComparison.Ordinal);
        characters.WaitForAssertion(() => Assert.Equal(2, characters.FindAll("[data-testid=character-card]").Count));
    }

    [Fact]
    public async Task A_file_that_the_browser_cannot_read_any_more_does_not_keep_out_the_others()
    {
        var characters = OpenList();
        var input = characters.FindComponent<InputFile>();
        await characters.InvokeAsync(() => input.Instance.OnChange.InvokeAsync(new InputFileChangeEventArgs([new GoneFile("moved.json"), new GoneFile("brine.json") { Text = "Brine" }])));
        Assert.StartsWith("moved.json could not be read: it was changed or moved meanwhile.", characters.WaitForElement("[data-testid=import-error]").TextContent.Trim(), StringComparison.Ordinal);
        Assert.Contains("Brine is here.", characters.WaitForElement("[data-testid=import-done]").TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public void A_characters_page_shows_how_a_program_reaches_it()
    {
        var page = _page.Render<CharacterPage>(parameters => parameters.Add(character => character.Slug, "ada"));

        page.WaitForAssertion(() => Assert.Contains("\"model\":\"character/ada\"", page.Markup.Replace("&quot;", "\"", StringComparison.Ordinal), StringComparison.Ordinal));
        Assert.Contains("/v1/chat/completions", page.Markup, StringComparison.Ordinal);
    }

    [Fact]
    public void A_double_click_starts_one_conversation()
    {
        var page = _page.Render<CharacterPage>(parameters => parameters.Add(character => character.Slug, "ada"));
        var start = page.WaitForElement("[data-testid=start-chat]");

        start.Click();
        start.Click();

        page.WaitForAssertion(() => Assert.Contains("/chat/ses_new", _page.Services.GetRequiredService<NavigationManager>().Uri, StringComparison.Ordinal));
        Assert.Single(_fake.Sessions);
    }

    private IRenderedComponent<CharactersPage> OpenList()
    {
        var characters = _page.Render<CharactersPage>();
        characters.WaitForElement("[data-testid=character-card]");
        return characters;
    }

    private static void Import(IRenderedComponent<CharactersPage> page, params (string Name, string Content)[] files) =>
        page.FindComponent<InputFile>()
            .UploadFiles([.. files.Select(file => InputFileContent.CreateFromBinary(Encoding.UTF8.GetBytes(file.Content), file.Name))]);

    /// <summary>As Blazor's own: what the browser says of a file that it cannot read comes as an InvalidOperationException of the stream.</summary>
    private sealed class GoneFile(string name) : IBrowserFile
    {
        public string? Text { get; init; }
        public string Name => name;
        public DateTimeOffset LastModified => Some.Noon;
        public long Size => 5;
        public string ContentType => "application/json";

        public Stream OpenReadStream(long maxAllowedSize = 512000, CancellationToken cancellationToken = default) => Text is { } text ? new MemoryStream(Encoding.UTF8.GetBytes(text)) : new GoneStream();
    }

    private sealed class GoneStream : MemoryStream
    {
        public override Task CopyToAsync(Stream destination, int bufferSize, CancellationToken cancellationToken) =>
            Task.FromException(new InvalidOperationException("An error occurred while reading the remote stream: NotReadableError"));
    }
}
