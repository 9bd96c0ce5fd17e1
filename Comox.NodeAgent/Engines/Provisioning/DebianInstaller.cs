using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;

namespace Comox.NodeAgent.Engines.Provisioning;

/// <summary>Debian's own packages in a private folder: drives <c>llama-from-debian.sh</c>, which explains how.</summary>
internal sealed class DebianInstaller : IEngineInstaller
{
    private readonly string _script = Path.Combine(AppContext.BaseDirectory, "nodeagent", "llama-from-debian.sh");

    // The machine's own package mirror is not the internet: an air-gapped site that has one has it for this.
    public bool IsAllowed => OperatingSystem.IsLinux();

    public async Task<Outcome<string>> InstallAsync(string engines, ProgressReport report, CancellationToken cancellation)
    {
        if (!File.Exists("/bin/bash"))
            return Outcome<string>.Failed("Debian's packages cannot be used: this machine has no bash.");

        var start = new ProcessStartInfo("/bin/bash", [_script, engines]) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        using var process = TryStart(start, out var refusal);
        if (process is null)
            return Outcome<string>.Failed($"Debian's packages cannot be used: {start.FileName} cannot be started: {refusal}.");
        process.StandardInput.Close();
        var errors = process.StandardError.ReadToEndAsync(CancellationToken.None);
        try
        {
            string? program = null, problem = null;
            while (await process.StandardOutput.ReadLineAsync(cancellation) is { } line)
            {
                switch (line.Split(' ', 3))
                {
                    case ["@step", var done, var words]:
                        report($"Installing llama.cpp from Debian's packages: {words}", double.TryParse(done, CultureInfo.InvariantCulture, out var progress) ? progress : null);
                        break;
                    case ["@done", ..]:
                        program = line["@done ".Length..];
                        break;
                    case ["@error", ..]:
                        problem = line["@error ".Length..];
                        break;
                }
            }

            await process.WaitForExitAsync(cancellation);
            return process.ExitCode == 0 && program is not null
                ? Outcome<string>.Of(program)
                : Outcome<string>.Failed($"Debian's packages cannot be used: {problem ?? EngineProbe.LastLine(await errors) ?? $"the script ended with code {process.ExitCode}"}.");
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }
    }

    // No memory for another process, or a bash that may not be executed.
    private static Process? TryStart(ProcessStartInfo start, out string? refusal)
    {
        try
        {
            refusal = null;
            return Process.Start(start);
        }
        catch (Win32Exception problem)
        {
            refusal = problem.Message;
            return null;
        }
    }
}
