using System.ComponentModel;
using System.Diagnostics;

namespace Comox.NodeAgent.Hardware.Gpus;

/// <summary>Runs nvidia-smi. A driver in trouble can make it hang for minutes, so it gets a limit.</summary>
/// <param name="program">Its name or path.</param>
/// <param name="limit">How long one run may take.</param>
/// <param name="time">The clock of the limit.</param>
internal sealed class NvidiaSmiSource(string program, TimeSpan limit, TimeProvider time) : IGpuSource
{
    private int _query;

    // Each reading is a process that loads the driver's library.
    public TimeSpan Period => TimeSpan.FromSeconds(5);

    public async Task<IReadOnlyList<GpuReading>> ReadAsync(CancellationToken cancellation)
    {
        for (var query = _query; query < NvidiaSmiCsv.Queries.Count; query++)
        {
            var (isThere, output) = await RunAsync(NvidiaSmiCsv.Queries[query], cancellation);
            if (!isThere)
                return [];
            if (output is not null && NvidiaSmiCsv.Parse(NvidiaSmiCsv.Queries[query], output) is { Count: > 0 } cards)
            {
                _query = query;
                return cards;
            }
        }

        return [];
    }

    // Not there: no such program, or one that hangs, which the next query would do as well.
    private async Task<(bool IsThere, string? Output)> RunAsync(string query, CancellationToken cancellation)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(program, [$"--query-gpu={query}", "--format=csv,noheader,nounits"])
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            })!;
            using var stop = new CancellationTokenSource(limit, time);
            using var both = CancellationTokenSource.CreateLinkedTokenSource(stop.Token, cancellation);
            try
            {
                var errors = process.StandardError.ReadToEndAsync(both.Token); // Read, so that a talkative driver cannot fill the pipe.
                var output = await process.StandardOutput.ReadToEndAsync(both.Token);
                await errors;
                await process.WaitForExitAsync(both.Token);
                return (true, process.ExitCode == 0 ? output : null);
            }
            catch (OperationCanceledException)
            {
                process.Kill(entireProcessTree: true);
                cancellation.ThrowIfCancellationRequested();
                return (false, null);
            }
        }
        catch (Exception missing) when (missing is Win32Exception or IOException or InvalidOperationException)
        {
            return (false, null);
        }
    }
}
