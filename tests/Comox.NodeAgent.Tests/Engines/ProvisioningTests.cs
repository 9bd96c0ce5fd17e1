using System.Formats.Tar;
using System.IO.Compression;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Comox.NodeAgent.Tests.Downloads;
using Comox.NodeAgent.Engines.LlamaCpp;
using Comox.NodeAgent.Engines.Placement;
using Comox.NodeAgent.Engines.Provisioning;
using Comox.NodeAgent.Engines.VLlm;
using Comox.NodeAgent.Health.Gpus;
using Comox.ServiceDefaults;
using Comox.TestKit;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Comox.NodeAgent.Tests.Engines;

/// <summary>How a llama-server gets onto the machine.</summary>
[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
public sealed class ProvisioningTests : IAsyncLifetime
{
    // Stands for the real one inside an archive: 40 MB of it would only slow the test down. What counts here is the way.
    private const string Program = "#!/bin/sh\necho 'version: 9999 (abcdef)'\n";

    private readonly string _engines = Directory.CreateTempSubdirectory("comox-engines-").FullName;
    private byte[] _archive = [];
    private string _digest = "";
    private LocalServer _server = null!;

    public async ValueTask InitializeAsync()
    {
        Pack(Program);
        _server = await LocalServer.StartAsync(AnswerAsync);
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        Directory.Delete(_engines, recursive: true);
    }

    [Fact]
    public async Task A_release_with_the_right_digest_is_installed_and_found_again()
    {
        var installed = await InstallAsync();
        Assert.True(installed.IsSuccess, installed.Problem);
        var found = Assert.Single(InstalledEngines.NewestFirst(_engines));
        Assert.Equal(installed.Value, found.Program);
        Assert.Equal("9999 (abcdef)", (await new EngineProbe(TimeProvider.System).TryAsync(found.Program, default)).Value!.Version);
        Assert.Equal(["llama.cpp-upstream-b9999"], Directory.GetDirectories(_engines).Select(Path.GetFileName));
    }

    [Fact]
    [System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
    public async Task A_program_that_is_only_tried_is_given_no_secret_either()
    {
        const string Secret = "AWS_SECRET_OF_PROVISIONING_TESTS";
        var (program, seen) = (Path.Combine(_engines, "curious"), Path.Combine(_engines, "seen"));
        await File.WriteAllTextAsync(program, $"#!/bin/sh\n(echo tried; env) >> {seen}\necho 'version: 1 (a)'\necho 0.18.1\n");
        File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        Environment.SetEnvironmentVariable(Secret, "x");
        try
        {
            Assert.True((await new EngineProbe(TimeProvider.System).TryAsync(program, default)).IsSuccess);
            await LlamaCppDevices.ListAsync(program, TimeProvider.System, default);
            Assert.True((await new VLlmProgram(Options.Create(new NodeAgentOptions { VllmPath = program }), TimeProvider.System).FindAsync(default)).IsSuccess);
        }
        finally
        {
            Environment.SetEnvironmentVariable(Secret, null);
        }

        var given = await File.ReadAllTextAsync(seen);
        Assert.Equal(3, given.Split('\n').Count(line => line == "tried"));
        Assert.DoesNotContain(Secret, given);
    }

    [Fact]
    public async Task A_release_with_a_wrong_digest_is_not_unpacked()
    {
        _digest = "sha256:" + new string('a', 64);
        var installed = await InstallAsync();
        Assert.False(installed.IsSuccess);
        Assert.Contains("SHA-256", installed.Problem);
        Assert.Empty(InstalledEngines.NewestFirst(_engines));
    }

    [Theory]
    [InlineData("")]
    [InlineData("md5:123")]
    public async Task A_release_without_a_digest_is_not_downloaded(string digest)
    {
        _digest = digest;
        Assert.Contains("no archive with a digest", (await InstallAsync()).Problem);
    }

    [Fact]
    public async Task A_release_that_does_not_run_here_is_not_published()
    {
        Pack("#!/bin/sh\necho 'GLIBC_9.99 not found' >&2; exit 1\n");
        Assert.Contains("GLIBC_9.99 not found", (await InstallAsync()).Problem);
        Assert.Empty(InstalledEngines.NewestFirst(_engines));
    }

    [Fact]
    public async Task No_release_server_is_a_reason_in_words()
    {
        var installed = await InstallAsync(options => options.ReleaseUrl = new Uri("http://127.0.0.1:1/latest"));
        Assert.Contains("cannot be reached", installed.Problem);
    }

    [Fact]
    public void A_half_install_is_not_found()
    {
        Directory.CreateDirectory(Path.Combine(_engines, "llama.cpp-debian-1", "bin"));
        Assert.Empty(InstalledEngines.NewestFirst(_engines));
    }

    [Theory]
    [InlineData("exec sleep 1000", true)]
    [InlineData("exit 127", false)]
    public async Task A_slow_installed_engine_stays_installed_and_one_that_fails_is_forgotten(string does, bool stays)
    {
        var home = ComoxHome.Open(new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?> { [ComoxHome.Setting] = _engines }).Build());
        var folder = Directory.CreateDirectory(Path.Combine(home.Folder("engines"), "llama.cpp-test-1")).FullName;
        await File.WriteAllTextAsync(Path.Combine(folder, "llama-server"), $"#!/bin/sh\n{does}\n");
        File.SetUnixFileMode(Path.Combine(folder, "llama-server"), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        await File.WriteAllTextAsync(Path.Combine(folder, InstalledEngines.MarkerName), "llama-server");

        // Slow enough for `exit 127` to be heard even on a busy machine.
        var provisioner = new EngineProvisioner(home, new EngineProbe(new HurriedTime(stays ? 300 : 1)), [], Options.Create(new NodeAgentOptions()), TimeProvider.System, NullLogger<EngineProvisioner>.Instance);
        await provisioner.ProvideAsync((_, _) => { }, TestContext.Current.CancellationToken);

        Assert.Equal(stays, File.Exists(Path.Combine(folder, InstalledEngines.MarkerName)));
    }

    [Fact]
    public async Task Two_installs_from_debian_at_once_make_one_engine_and_a_half_one_is_redone()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/apt-get"), "needs apt");
        Assert.SkipWhen(TestEngine.Path is null, TestEngine.SkipReason);

        // A kill between the rename and the marker leaves this.
        var half = Path.Combine(_engines, Path.GetFileName(Path.GetDirectoryName(Path.GetDirectoryName(TestEngine.Path))!));
        Directory.CreateDirectory(Path.Combine(half, "bin"));
        await File.WriteAllTextAsync(Path.Combine(half, "bin", "llama-server"), "half");

        var steps = new List<string>();
        var both = await Task.WhenAll(
            new DebianInstaller().InstallAsync(_engines, (words, _) => { lock (steps) steps.Add(words); }, TestContext.Current.CancellationToken),
            new DebianInstaller().InstallAsync(_engines, (words, _) => { lock (steps) steps.Add(words); }, TestContext.Current.CancellationToken));

        Assert.All(both, outcome => Assert.True(outcome.IsSuccess, outcome.Problem));
        Assert.Equal(both[0].Value, both[1].Value);
        Assert.Contains(steps, step => step.EndsWith("Waiting for another install", StringComparison.Ordinal));
        Assert.Single(steps, step => step.EndsWith("Checking SHA-256", StringComparison.Ordinal));
        Assert.True((await new EngineProbe(TimeProvider.System).TryAsync(both[0].Value!, default)).IsSuccess);
        Assert.Empty(Directory.GetDirectories(_engines, ".work-*"));
    }

    [Fact]
    public async Task Cancelling_an_install_from_debian_leaves_nothing_that_counts()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/apt-get"), "needs apt");
        using var stop = new CancellationTokenSource();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => new DebianInstaller().InstallAsync(_engines, (_, progress) => { if (progress >= 0.05) stop.Cancel(); }, stop.Token));
        Assert.Empty(InstalledEngines.NewestFirst(_engines));
    }

    private async Task<Outcome<string>> InstallAsync(Action<NodeAgentOptions>? change = null)
    {
        var settings = new NodeAgentOptions { ReleaseUrl = new Uri(_server.Address, "/latest") };
        change?.Invoke(settings);
        using var http = new HttpClient();
        var installer = new ReleaseInstaller(http, TestDownloads.New(new HurriedTime(20)), new EngineProbe(TimeProvider.System), new BuildHardwareReader(new NodeCards([], TimeProvider.System, NullLogger<GpuReader>.Instance)), Options.Create(settings), TimeProvider.System);
        return await installer.InstallAsync(_engines, (_, _) => { }, TestContext.Current.CancellationToken);
    }

    private Task AnswerAsync(HttpContext context)
    {
        var architecture = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? "arm64" : "x64";
        return context.Request.Path == "/latest"
            ? context.Response.WriteAsync(
                $$"""{"tag_name":"b9999","assets":[{"name":"llama-b9999-bin-ubuntu-{{architecture}}.tar.gz","size":{{_archive.Length}},"digest":"{{_digest}}","browser_download_url":"{{_server.Address}}archive"}]}""")
            : LocalServer.SendAsync(context, _archive);
    }

    private void Pack(string program)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
        using (var tar = new TarWriter(gzip))
        {
            tar.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, "llama-b9999/llama-server")
            {
                DataStream = new MemoryStream(Encoding.UTF8.GetBytes(program)),
                Mode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute,
            });
        }

        _archive = packed.ToArray();
        _digest = "sha256:" + Convert.ToHexStringLower(SHA256.HashData(_archive));
    }
}
