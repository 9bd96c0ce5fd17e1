using System.Globalization;
using System.Security.Cryptography;
using Comox.NodeAgent.ModelCache;
using Comox.ServiceDefaults;
using Comox.TestKit;

namespace Comox.NodeAgent.Tests.Downloads;

/// <summary><c>kill -9</c> on the real program, in the middle of a download.</summary>
public sealed class KilledProcessTests : IDisposable
{
    // Fifty take two minutes on two cores; the same without processes is in KilledDownloadTests. The bar is that of fifty: what the kernel holds of four connections when the program
    // dies is lost each time, and a busy machine has more of it (0.1 to 0.9 % here). A program that began anew, or lost a piece of each connection, would be far above.
    private const int Kills = 10;
    private const double MostAgain = 0.02;
    private const string Name = "m-q8_0.gguf";

    private readonly DirectoryInfo _home = Directory.CreateTempSubdirectory("comox-killed-");

    public void Dispose() => _home.Delete(recursive: true);

    [Fact]
    public async Task A_program_killed_again_and_again_at_random_bytes_ends_with_the_right_file_and_fetches_little_again()
    {
        var random = new Random(50);
        var file = new byte[128 << 20];
        random.NextBytes(file);
        await using var hub = await TestHub.StartAsync((Name, file));

        // The hub sends so many bytes and no more; then the program is killed.
        var budget = new Budget();
        hub.Gate = budget.SpendAsync;
        for (var kill = 0; kill < Kills; kill++)
        {
            var spent = budget.Allow(random.Next(1, file.Length / Kills));
            await using var child = Fetch(hub);
            await Task.WhenAny(spent, child.ExitAsync());
            Assert.True(spent.IsCompleted, child.Output);
            await child.KillAsync();
        }

        _ = budget.Allow(int.MaxValue);
        await using var last = Fetch(hub);
        Assert.Equal(0, await last.ExitAsync());
        var path = last.Output.Split('\n')[^1];
        Assert.Equal(SHA256.HashData(file), SHA256.HashData(await File.ReadAllBytesAsync(path)));
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(file)), Path.GetFileName(BlobLeases.Resolve(path)));
        var again = (hub.Served - file.LongLength) / (double)file.Length;
        Assert.True(again <= MostAgain, $"{again.ToString("P2", CultureInfo.InvariantCulture)} were fetched again.");
        TestContext.Current.SendDiagnosticMessage("Fetched again: {0:P2} of {1} bytes", again, file.Length);
    }

    private ChildProcess Fetch(TestHub hub) => ChildProcess.StartDotnet(
        typeof(NodeAgentModule).Assembly.Location,
        ["fetch", "org/model:Q8_0", $"--Comox:NodeAgent:Hub={hub.Address}"],
        [new(ComoxHome.Setting, _home.FullName)]);

    /// <summary>Bytes that may be sent, over all connections.</summary>
    private sealed class Budget
    {
        private readonly Lock _lock = new();
        private long _left;
        private TaskCompletionSource _spent = new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <returns>Done when all of it is spent.</returns>
        public Task Allow(int bytes)
        {
            lock (_lock)
            {
                _left = bytes;
                _spent = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                return _spent.Task;
            }
        }

        public async ValueTask<int> SpendAsync(int wanted, CancellationToken aborted)
        {
            lock (_lock)
            {
                var granted = (int)Math.Min(wanted, _left);
                _left -= granted;
                if (_left == 0)
                    _spent.TrySetResult();
                if (granted > 0)
                    return granted;
            }

            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, aborted);
            return 0;
        }
    }
}
