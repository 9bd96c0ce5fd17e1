using System.Net;
using System.Text.RegularExpressions;

namespace Comox.Web.Tests;

public sealed partial class AccessTests : IAsyncLifetime
{
    private static readonly IPAddress Stranger = IPAddress.Parse("192.0.2.7");

    private FakeComox _fake = null!;

    public async ValueTask InitializeAsync()
    {
        _fake = await FakeComox.StartAsync();
        _fake.Characters.Add(Some.Character("Ada", "Hello.") with { HasAvatar = true });
        _fake.Avatars["ada"] = [1, 2, 3];
    }

    public ValueTask DisposeAsync() => _fake.DisposeAsync();

    [Theory]
    [InlineData("/")]
    [InlineData("/characters")]
    [InlineData("/characters/ada")]
    [InlineData("/fleet")]
    public async Task The_owner_at_the_machine_needs_no_login(string path)
    {
        await using var console = await ConsoleServer.StartAsync(_fake);
        using var client = console.Client();

        using var page = await client.GetAsync(path);

        Assert.Equal(HttpStatusCode.OK, page.StatusCode);
        Assert.Contains("Comox", await page.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Empty(_fake.Violations);
    }

    [Theory]
    [InlineData("Host", "evil.example")]
    [InlineData("Host", "evil.example:8080")]
    [InlineData("Host", "localhost.evil.example")]
    [InlineData("X-Forwarded-For", "127.0.0.1")]
    [InlineData("X-Forwarded-Host", "localhost")]
    [InlineData("X-Forwarded-Prefix", "/comox")]
    [InlineData("Forwarded", "for=127.0.0.1")]
    [InlineData("X-Real-IP", "127.0.0.1")]
    [InlineData("Via", "1.1 box")]
    [InlineData("Origin", "http://evil.example")]
    [InlineData("Origin", "null")]
    public async Task A_loopback_connection_that_may_be_somebody_else_has_to_sign_in(string header, string value)
    {
        await using var console = await ConsoleServer.StartAsync(_fake);
        using var client = console.Client((header, value));

        using var page = await client.GetAsync("/characters");

        Assert.Equal(HttpStatusCode.Redirect, page.StatusCode);
        Assert.Equal("/sign-in", page.Headers.Location!.AbsolutePath);
    }

    /// <summary><c>proxy_pass http://127.0.0.1:8080</c> and nothing else: nginx then speaks HTTP/1.0, names the upstream as the host, and adds no header.</summary>
    [Fact]
    public async Task A_proxy_that_adds_no_header_shows_itself_by_its_old_protocol()
    {
        await using var console = await ConsoleServer.StartAsync(_fake);
        using var client = console.Client();
        client.DefaultRequestVersion = HttpVersion.Version10;
        client.DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact;

        using var page = await client.GetAsync("/characters");

        Assert.Equal(HttpStatusCode.Redirect, page.StatusCode);
    }

    [Fact]
    public async Task Where_loopback_is_not_trusted_the_owner_signs_in_too()
    {
        await using var console = await ConsoleServer.StartAsync(_fake, trustLoopback: false);
        using var client = console.Client();

        using var page = await client.GetAsync("/characters");
        using var signedIn = await SignInAsync(client, ConsoleServer.AdminKey);

        Assert.Equal(HttpStatusCode.Redirect, page.StatusCode);
        Assert.Equal("/sign-in", page.Headers.Location!.AbsolutePath);
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/characters")).StatusCode);
    }

    [Theory]
    [InlineData("localhost")]
    [InlineData("LOCALHOST:8080")]
    [InlineData("[::1]:8080")]
    [InlineData("127.0.0.1")]
    public async Task Every_name_of_this_machine_is_the_owners(string host)
    {
        await using var console = await ConsoleServer.StartAsync(_fake);
        using var client = console.Client(("Host", host), ("Origin", $"http://{host}"));

        using var page = await client.GetAsync("/characters");

        Assert.Equal(HttpStatusCode.OK, page.StatusCode);
    }

    [Theory]
    [InlineData("/")]
    [InlineData("/chat/ses_1")]
    [InlineData("/nowhere")]
    public async Task A_stranger_is_sent_to_the_sign_in_and_comes_back_to_the_same_page(string path)
    {
        await using var console = await ConsoleServer.StartAsync(_fake, Stranger);
        using var client = console.Client();

        using var page = await client.GetAsync(path);

        Assert.Equal(HttpStatusCode.Redirect, page.StatusCode);
        Assert.Equal($"/sign-in?return={Uri.EscapeDataString(path)}", page.Headers.Location!.PathAndQuery);
    }

    [Theory]
    [InlineData("POST", "/_blazor/negotiate")]
    [InlineData("GET", "/_blazor")]
    [InlineData("GET", "/characters/ada/avatar")]
    public async Task A_stranger_gets_no_circuit_and_no_picture(string method, string path)
    {
        await using var console = await ConsoleServer.StartAsync(_fake, Stranger);
        using var client = console.Client();
        client.DefaultRequestHeaders.Remove("Accept");

        using var answer = await client.SendAsync(new HttpRequestMessage(new HttpMethod(method), path), HttpCompletionOption.ResponseHeadersRead);

        Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
        Assert.Contains("invalid_api_key", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_strangers_page_in_the_owners_browser_gets_no_circuit()
    {
        await using var console = await ConsoleServer.StartAsync(_fake);
        using var client = console.Client(("Origin", "https://evil.example"));

        using var answer = await client.PostAsync("/_blazor/negotiate?negotiateVersion=1", null);

        Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
    }

    [Fact]
    public async Task The_admin_key_opens_the_console_and_the_sign_in_survives_a_restart()
    {
        await using var first = await ConsoleServer.StartAsync(_fake, Stranger);
        using var client = first.Client();

        using var signedIn = await SignInAsync(client, ConsoleServer.AdminKey);

        Assert.Equal(HttpStatusCode.Redirect, signedIn.StatusCode);
        Assert.Equal(new Uri(first.Address, "/fleet"), new Uri(first.Address, signedIn.Headers.Location!));
        var cookie = signedIn.Headers.GetValues("Set-Cookie").Single(header => header.StartsWith("comox-web=", StringComparison.Ordinal));
        Assert.Contains("httponly", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("samesite=strict", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/fleet")).StatusCode);

        await first.StopAsync();
        await using var second = await ConsoleServer.StartAsync(_fake, Stranger, first.Home);
        using var again = second.Client(("Cookie", cookie.Split(';')[0]));
        Assert.Equal(HttpStatusCode.OK, (await again.GetAsync("/fleet")).StatusCode);

        await second.StopAsync();
        await using var third = await ConsoleServer.StartAsync(_fake, Stranger, first.Home, adminKey: "adm-another-key");
        using var late = third.Client(("Cookie", cookie.Split(';')[0]));
        Assert.Equal(HttpStatusCode.Redirect, (await late.GetAsync("/fleet")).StatusCode);
    }

    [Fact]
    public async Task After_the_sign_out_the_key_is_asked_for_again()
    {
        await using var console = await ConsoleServer.StartAsync(_fake, Stranger);
        using var client = console.Client();
        using var signedIn = await SignInAsync(client, ConsoleServer.AdminKey);

        using var signedOut = await client.PostAsync("/sign-out", null);

        Assert.Equal("/sign-in", signedOut.Headers.Location!.OriginalString);
        Assert.Equal(HttpStatusCode.Redirect, (await client.GetAsync("/fleet")).StatusCode);
    }

    [Fact]
    public async Task A_wrong_key_is_told_so_and_gets_no_cookie()
    {
        await using var console = await ConsoleServer.StartAsync(_fake, Stranger);
        using var client = console.Client();

        using var refused = await SignInAsync(client, "adm-guess");

        Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
        Assert.Contains("That is not the admin key", await refused.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.DoesNotContain(refused.Headers.TryGetValues("Set-Cookie", out var cookies) ? cookies : [], cookie => cookie.StartsWith("comox-web=", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("/chat/ses_1", true)]
    [InlineData("/", true)]
    [InlineData("//evil.example", false)]
    [InlineData("/\\evil.example", false)]
    [InlineData("https://evil.example", false)]
    [InlineData("/\t/evil.example", false)]
    [InlineData(null, false)]
    public void Only_a_path_of_this_console_is_returned_to(string? url, bool local) => Assert.Equal(local, SignIn.SignInPage.IsLocal(url));

    [Theory]
    [InlineData("/v1/models", HttpStatusCode.OK)]
    [InlineData("/v1/nothing", HttpStatusCode.NotFound)]
    [InlineData("/memory/nothing", HttpStatusCode.NotFound)]
    [InlineData("/node/nothing", HttpStatusCode.NotFound)]
    [InlineData("/gateway/nothing", HttpStatusCode.NotFound)]
    [InlineData("/health", HttpStatusCode.OK)]
    [InlineData("/health/nothing", HttpStatusCode.NotFound)]
    public async Task The_other_services_paths_are_left_alone(string path, HttpStatusCode status)
    {
        await using var console = await ConsoleServer.StartAsync(_fake, Stranger);
        using var client = console.Client();

        using var answer = await client.GetAsync(path);

        Assert.Equal(status, answer.StatusCode);
        Assert.DoesNotContain("<html", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_wrong_method_on_another_services_path_stays_its_405()
    {
        await using var console = await ConsoleServer.StartAsync(_fake, Stranger);
        using var client = console.Client();

        using var answer = await client.PostAsync("/v1/models", null);

        Assert.Equal(HttpStatusCode.MethodNotAllowed, answer.StatusCode);
    }

    [Fact]
    public async Task An_unknown_page_of_the_console_is_a_404_with_a_way_back()
    {
        await using var console = await ConsoleServer.StartAsync(_fake);
        using var client = console.Client();

        using var page = await client.GetAsync("/nowhere/at/all");

        Assert.Equal(HttpStatusCode.NotFound, page.StatusCode);
        Assert.Contains("There is nothing here", await page.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Everything_a_page_loads_is_there_and_comes_from_the_console_itself()
    {
        await using var console = await ConsoleServer.StartAsync(_fake);
        using var client = console.Client();
        var page = await client.GetStringAsync("/fleet");

        var files = FilesOfAPage().Matches(page).Select(match => match.Groups[1].Value).Where(file => !file.StartsWith('#')).Distinct().ToList();

        Assert.Contains(files, file => file.Contains("blazor.web", StringComparison.Ordinal));
        Assert.Contains(files, file => file.Contains("MudBlazor.min", StringComparison.Ordinal));
        Assert.Contains(files, file => file.Contains("styles", StringComparison.Ordinal));
        foreach (var file in files)
        {
            Assert.DoesNotContain("://", file, StringComparison.Ordinal);
            using var answer = await client.GetAsync(file);
            Assert.True(answer.IsSuccessStatusCode, $"{file} answered {answer.StatusCode}");
        }
    }

    [Fact]
    public async Task A_picture_is_fetched_for_the_browser_and_may_be_kept()
    {
        await using var console = await ConsoleServer.StartAsync(_fake);
        using var client = console.Client();

        using var picture = await client.GetAsync("/characters/ada/avatar?v=chr_ada-1");

        Assert.Equal([1, 2, 3], await picture.Content.ReadAsByteArrayAsync());
        Assert.Equal("image/png", picture.Content.Headers.ContentType!.MediaType);
        Assert.True(picture.Headers.CacheControl is { Private: true, MaxAge.TotalDays: 7 });
        Assert.Equal(HttpStatusCode.NotFound, (await client.GetAsync("/characters/nobody/avatar")).StatusCode);
    }

    /// <summary>A page that was opened before the picture changed asks for the old one, and gets the new one.</summary>
    [Theory]
    [InlineData("")]
    [InlineData("?v=")]
    [InlineData("?v=1")]
    [InlineData("?v=chr_ada-2")]
    [InlineData("?v=chr_another-1")]
    public async Task A_picture_under_the_name_of_another_is_not_kept(string query)
    {
        await using var console = await ConsoleServer.StartAsync(_fake);
        using var client = console.Client();

        using var picture = await client.GetAsync($"/characters/ada/avatar{query}");

        Assert.Equal([1, 2, 3], await picture.Content.ReadAsByteArrayAsync());
        Assert.Equal(TimeSpan.Zero, picture.Headers.CacheControl!.MaxAge);
    }

    [GeneratedRegex("<(?:script[^>]* src|link[^>]* href)=\"([^\"]+)\"")]
    private static partial Regex FilesOfAPage();

    [GeneratedRegex("name=\"([^\"]+)\" value=\"([^\"]*)\"")]
    private static partial Regex HiddenFields();

    private static async Task<HttpResponseMessage> SignInAsync(HttpClient client, string key)
    {
        var page = await client.GetStringAsync("/sign-in?return=/fleet");
        var fields = HiddenFields().Matches(page).ToDictionary(match => match.Groups[1].Value, match => WebUtility.HtmlDecode(match.Groups[2].Value));
        fields["Key"] = key;
        return await client.PostAsync("/sign-in?return=/fleet", new FormUrlEncodedContent(fields));
    }
}
