using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Comox.TestKit;

namespace Comox.AllInOne.Tests;

public sealed class StartupTests
{
    [Fact]
    public async Task A_port_in_use_is_named_with_the_way_out()
    {
        using var home = new TempHome();
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var port = ((IPEndPoint)taken.LocalEndpoint).Port;

        var (exitCode, output) = await AllInOneProcess.RunToEndAsync(home.Path, $"http://localhost:{port}");

        Assert.Equal(1, exitCode);
        Assert.Contains($"Port {port} is in use", output, StringComparison.Ordinal);
        Assert.Contains("--urls", output, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_address_that_is_none_is_named_with_the_way_out()
    {
        using var home = new TempHome();

        var (exitCode, output) = await AllInOneProcess.RunToEndAsync(home.Path, "localhost:8080");

        Assert.Equal(1, exitCode);
        Assert.Contains("'localhost:8080'", output, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_data_folder_that_cannot_be_written_is_named_with_the_way_out()
    {
        using var home = new TempHome();
        var file = Path.Combine(home.Path, "a-file");
        await File.WriteAllTextAsync(file, "");

        var (exitCode, output) = await AllInOneProcess.RunToEndAsync(Path.Combine(file, "home"), "http://127.0.0.1:0");

        Assert.Equal(1, exitCode);
        Assert.Contains("cannot be written", output, StringComparison.Ordinal);
        Assert.Contains("COMOX_HOME", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_second_process_is_kept_off_the_same_data_folder()
    {
        using var home = new TempHome();
        await using var first = await AllInOneProcess.StartAsync(home.Path, ("Comox__NodeAgent__EnginePath", NoEngine(home)));

        var (exitCode, output) = await AllInOneProcess.RunToEndAsync(home.Path, "http://127.0.0.1:0");

        Assert.Equal(1, exitCode);
        Assert.Contains("Another Comox is using the data folder", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Invalid_settings_are_all_named_at_once()
    {
        using var home = new TempHome();

        var (exitCode, output) = await AllInOneProcess.RunToEndAsync(
            home.Path, "http://127.0.0.1:0", ("Comox__Gateway__AdminKey", "short"), ("Comox__ServiceKey", "short"));

        Assert.Equal(1, exitCode);
        Assert.Contains("Comox:Gateway:AdminKey", output, StringComparison.Ordinal);
        Assert.Contains("Comox:ServiceKey", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_setting_of_the_wrong_kind_is_named_without_a_stack_trace()
    {
        using var home = new TempHome();

        var (exitCode, output) = await AllInOneProcess.RunToEndAsync(home.Path, "http://127.0.0.1:0", ("Comox__NodeAgent__Slots", "abc"));

        Assert.Equal(1, exitCode);
        Assert.Contains("Comox:NodeAgent:Slots", output, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("http://*:8080", "http://127.0.0.1:8080")]
    [InlineData("http://0.0.0.0:8080", "http://127.0.0.1:8080")]
    [InlineData("http://[::]:8080", "http://127.0.0.1:8080")]
    [InlineData("http://localhost:8080", "http://127.0.0.1:8080")]
    [InlineData("http://10.0.0.7:8080", "http://10.0.0.7:8080")]
    public void The_process_calls_itself_at_an_address_it_listens_on(string listening, string expected) =>
        Assert.Equal(expected, SelfAddresses.Callable(listening));

    [Fact]
    public async Task Behind_a_certificate_alone_its_services_reach_each_other()
    {
        using var home = new TempHome();
        using var key = RSA.Create(2048);
        var request = new CertificateRequest("CN=box.lan", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        using var certificate = request.CreateSelfSigned(TimeProvider.System.GetUtcNow().AddDays(-1), TimeProvider.System.GetUtcNow().AddDays(1));
        var (pem, pemKey) = (Path.Combine(home.Path, "box.pem"), Path.Combine(home.Path, "box.key"));
        await File.WriteAllTextAsync(pem, certificate.ExportCertificatePem());
        await File.WriteAllTextAsync(pemKey, key.ExportPkcs8PrivateKeyPem());
        await using var running = await AllInOneProcess.StartAtAsync(
            "https://127.0.0.1:0", home.Path,
            ("Comox__NodeAgent__EnginePath", NoEngine(home)), ("Kestrel__Certificates__Default__Path", pem), ("Kestrel__Certificates__Default__KeyPath", pemKey));

        var page = await running.PageAsync();
        Assert.Equal("https", page.Scheme);
        using var trusting = new HttpClientHandler { ServerCertificateCustomValidationCallback = (_, given, _, _) => given?.Thumbprint == certificate.Thumbprint };
        using var client = new HttpClient(trusting) { BaseAddress = page };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", AllInOneProcess.AdminKey);
        // The characters are in memory, which the gateway has to reach.
        Assert.Contains("character/", await client.GetStringAsync("/v1/models"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_engine_that_will_not_start_is_explained_and_the_rest_works()
    {
        using var home = new TempHome();
        await using var comox = await AllInOneProcess.StartAsync(home.Path, ("Comox__NodeAgent__EnginePath", NoEngine(home)));
        Assert.Contains("The engine cannot start", await comox.EngineAsync(), StringComparison.Ordinal);
        using var client = await comox.ClientAsync();

        using var chat = await client.PostAsync(
            "v1/chat/completions",
            new StringContent("{\"model\":\"character/brine\",\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}", Encoding.UTF8, "application/json"));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, chat.StatusCode);
        Assert.Contains("engine_unavailable", await chat.Content.ReadAsStringAsync(), StringComparison.Ordinal);

        Assert.Equal("failed", (await client.JsonAsync("node/status")).GetProperty("engines")[0].GetProperty("state").GetString());
        Assert.Contains("brine", (await client.JsonAsync("memory/characters")).ToString(), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/alive")).StatusCode);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await client.GetAsync("/health")).StatusCode);
    }

    [Fact]
    public async Task A_model_that_is_loaded_when_it_is_asked_for_is_ready_to_chat_though_the_first_of_the_settings_cannot_be_had()
    {
        RealEngine.Require();
        using var home = new TempHome();
        var model = Path.Combine(AppContext.BaseDirectory, "nodeagent", "keepsake-q8.gguf");
        await using var comox = await AllInOneProcess.StartAsync(
            home.Path, ("Comox__NodeAgent__Models__0__Model", Path.Combine(home.Path, "absent.gguf")), ("Comox__NodeAgent__Models__0__Name", "absent"),
            ("Comox__NodeAgent__Models__1__Model", model), ("Comox__NodeAgent__Models__1__Name", "there"));

        Assert.StartsWith("  Ready: chatting on there (configured, loaded when it is asked for)", await comox.EngineAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_admin_key_is_made_once_and_kept_for_its_owner_only()
    {
        using var home = new TempHome();
        string key;
        await using (var first = await AllInOneProcess.StartAsync(home.Path, ("Comox__Gateway__AdminKey", ""), ("Comox__NodeAgent__EnginePath", NoEngine(home))))
        {
            key = (await File.ReadAllTextAsync(Path.Combine(home.Path, "admin.key"))).Trim();
            Assert.Contains(key, first.Output, StringComparison.Ordinal);
            using var client = await first.ClientAsync(key);
            await client.JsonAsync("v1/models");
        }

        if (!OperatingSystem.IsWindows())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(home.Path, "admin.key")));

        await using var second = await AllInOneProcess.StartAsync(home.Path, ("Comox__Gateway__AdminKey", ""), ("Comox__NodeAgent__EnginePath", NoEngine(home)));
        using var again = await second.ClientAsync(key);
        await again.JsonAsync("v1/models");
    }

    /// <summary>A program that is there, runs, and is no engine.</summary>
    private static string NoEngine(TempHome home)
    {
        var path = Path.Combine(home.Path, "not-an-engine");
        if (!File.Exists(path))
        {
            File.WriteAllText(path, "#!/bin/sh\necho 'this is not a llama-server' >&2\nexit 3\n");
            if (!OperatingSystem.IsWindows())
                File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        return path;
    }
}
