using System.Diagnostics;

namespace Comox.Gateway.Diagnostics.Prometheus;

/// <summary>The names every Prometheus client gives its process. https://prometheus.io/docs/instrumenting/writing_clientlibs/#process-metrics</summary>
internal sealed class ProcessMetrics
{
    public void Write(PrometheusWriter page)
    {
        using var process = Process.GetCurrentProcess();
        page.Write("process_cpu_seconds", MetricKind.Counter, "Processor time used, in user and kernel mode.", "seconds", process.TotalProcessorTime.TotalSeconds);
        if (OperatingSystem.IsLinux())
            page.Write("process_open_fds", MetricKind.Gauge, "Open file descriptors.", "", Directory.EnumerateFileSystemEntries("/proc/self/fd").Count());
        page.Write("process_resident_memory_bytes", MetricKind.Gauge, "Memory that is in RAM.", "bytes", process.WorkingSet64);
        page.Write(
            "process_start_time_seconds", MetricKind.Gauge, "When the process started, since 1970.", "seconds",
            (process.StartTime.ToUniversalTime() - DateTime.UnixEpoch).TotalSeconds);
        page.Write("process_virtual_memory_bytes", MetricKind.Gauge, "Address space reserved.", "bytes", process.VirtualMemorySize64);
    }
}
