using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net.Http.Headers;
using System.Text.RegularExpressions;
using Comox.TestKit;

namespace Comox.AllInOne.Tests;

/// <summary>The program a person starts, as its own process with its own data folder and port.</summary>
internal sealed partial class AllInOneProcess : IAsyncDisposable
{
    public const string AdminKey = "sk-test-0123456789";

    // A hang must end the test, not the run.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    private readonly Process _process;
    private readonly ConcurrentQueue<string> _output = new();
    private readonly TaskCompletionSource<Uri> _page = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<string> _engine = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private AllInOneProcess(Process process)
    {
        _process = process;
        process.OutputDataReceived += (_, line) => OnLine(line.Data);
        process.ErrorDataReceived += (_, line) => OnLine(line.Data);
        process.EnableRaisingEvents = true;
        process.Exited += (_, _) =>
        {
            var early = new InvalidOperationException($"It exited with code {process.ExitCode}:\n{Output}");
            _page.TrySetException(early);
            _engine.TrySetException(early);
        };
    }

    public string Output => string.Join('\n', _output);

    public int ProcessId => _process.Id;

    /// <summary>Starts it and waits until the banner names its address.</summary>
    public static Task<AllInOneProcess> StartAsync(string home, params (string Key, string Value)[] environment) => StartAtAsync("http://127.0.0.1:0", home, environment);

    /// <summary>Starts it at these addresses and waits until the banner names the first.</summary>
    public static async Task<AllInOneProcess> StartAtAsync(string urls, string home, params (string Key, string Value)[] environment)
    {
        var running = new AllInOneProcess(Launch(home, urls, environment));
        running.Begin();
        await running.PageAsync();
        return running;
    }

    /// <summary>Starts it and waits until it exits by itself.</summary>
    public static async Task<(int ExitCode, string Output)> RunToEndAsync(string home, string urls, params (string Key, string Value)[] environment)
    {
        await using var running = new AllInOneProcess(Launch(home, urls, environment));
        running.Begin();
        return (await running.ExitAsync(), running.Output);
    }

    public Task<Uri> PageAsync() => _page.Task.WaitAsync(Patience);

    /// <summary>Waits for "Ready: …" or "The engine cannot start: …" and returns that line.</summary>
    public Task<string> EngineAsync() => _engine.Task.WaitAsync(Patience);

    /// <summary>A client of its API, with the admin key unless told otherwise.</summary>
    public async Task<HttpClient> ClientAsync(string? key = AdminKey)
    {
        var client = new HttpClient { BaseAddress = await PageAsync(), Timeout = Patience };
        if (key is not null)
            client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
        return client;
    }

    /// <summary>Waits until it has ended by itself, and has said all it had to say.</summary>
    public async Task<int> ExitAsync()
    {
        using var limit = new CancellationTokenSource(Patience);
        await _process.WaitForExitAsync(limit.Token);
        return _process.ExitCode;
    }

    /// <summary>SIGKILL: nothing in the process gets to run after this.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
            await KillAsync();
        _process.Dispose();
    }

    private static Process Launch(string home, string urls, (string Key, string Value)[] environment)
    {
        var configuration = Path.GetFileName(AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar));
        var start = new ProcessStartInfo(Repository.PathTo("artifacts", "bin", "Comox.AllInOne", configuration, "Comox.AllInOne"), ["--urls", urls])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = home is [] || !Directory.Exists(home) ? Path.GetTempPath() : home,
        };
        start.Environment["COMOX_HOME"] = home;
        start.Environment["Comox__Gateway__AdminKey"] = AdminKey;
        start.Environment["Comox__NodeAgent__Offline"] = "true";
        if (TestEngine.Path is { } engine)
            start.Environment["Comox__NodeAgent__EnginePath"] = engine;
        foreach (var (key, value) in environment)
            start.Environment[key] = value;
        return new Process { StartInfo = start };
    }

    private void Begin()
    {
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    private void OnLine(string? line)
    {
        if (line is null)
            return;
        _output.Enqueue(line);
        if (Page().Match(line) is { Success: true } page)
            _page.TrySetResult(new Uri(page.Groups[1].Value.Replace("localhost", "127.0.0.1", StringComparison.Ordinal)));
        if (line.Contains("Ready: ", StringComparison.Ordinal) || line.Contains("The engine cannot start", StringComparison.Ordinal))
            _engine.TrySetResult(line);
    }

    [GeneratedRegex(@"^\s*Page\s+(https?://\S+)")]
    private static partial Regex Page();
}
