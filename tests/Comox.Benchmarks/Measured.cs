using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Diagnosers;
using BenchmarkDotNet.Exporters;
using BenchmarkDotNet.Loggers;

namespace Comox.Benchmarks;

/// <summary>How everything here is measured: allocations always, p50 and mean, tables ready for docs/benchmarks.md.</summary>
internal sealed class Measured : ManualConfig
{
    public Measured()
    {
        AddLogger(ConsoleLogger.Default);
        AddColumnProvider(DefaultColumnProviders.Instance);
        AddColumn(StatisticColumn.Median);
        AddDiagnoser(MemoryDiagnoser.Default);
        AddExporter(MarkdownExporter.GitHub);
        ArtifactsPath = Path.Combine("artifacts", "benchmarks");
        // The generated project is built like any other; on a busy machine that takes longer than the two minutes it is given.
        BuildTimeout = TimeSpan.FromMinutes(10);
    }
}
