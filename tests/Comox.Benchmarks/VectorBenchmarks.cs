using BenchmarkDotNet.Attributes;
using Comox.Memory.Vectors;
using Comox.Memory.Vectors.Sqlite;
using Comox.ServiceDefaults;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging.Abstractions;

namespace Comox.Benchmarks;

/// <summary>The ten nearest of one person's vectors of 384 numbers, from the file's copy in memory, on one thread.</summary>
public class VectorBenchmarks
{
    private static readonly VectorSpace Space = new("measured", 384);
    private static readonly VectorFilter Everything = new() { Subject = "mara" };

    private string _home = null!;
    private SqliteVectorStore _store = null!;
    private float[][] _questions = null!;
    private int _asked;

    [Params(10_000, 100_000)]
    public int Vectors { get; set; }

    [GlobalSetup]
    public async Task Fill()
    {
        _home = Directory.CreateTempSubdirectory("comox-benchmark-").FullName;
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?> { [ComoxHome.Setting] = _home }).Build();
        _store = new SqliteVectorStore(new VectorFile(ComoxHome.Open(configuration)), new VectorOptions(), NullLogger<SqliteVectorStore>.Instance);
        var random = new Random(1);
        foreach (var batch in Enumerable.Range(0, Vectors).Chunk(5000))
        {
            var fault = await _store.UpsertAsync(Space, Everything.Subject, [.. batch.Select(number => Point(number, random))], CancellationToken.None);
            if (fault is not null)
                throw new InvalidOperationException(fault.Message);
        }

        _questions = [.. Enumerable.Range(0, 64).Select(_ => Vector(random))];
        await NearestAsync(Everything);
    }

    [GlobalCleanup]
    public void Clean() => Directory.Delete(_home, recursive: true);

    [Benchmark(Baseline = true)]
    public Task<int> Nearest() => NearestAsync(Everything);

    [Benchmark(Description = "Nearest, of one witness and a time")]
    public Task<int> NearestWhere() => NearestAsync(Everything with { Witness = "pim", From = DateTimeOffset.UnixEpoch.AddDays(1) });

    private async Task<int> NearestAsync(VectorFilter filter)
    {
        var query = new VectorQuery(filter, _questions[_asked++ % _questions.Length], 10);
        return (await _store.QueryAsync(Space, query, CancellationToken.None)).Value!.Length;
    }

    private static VectorPoint Point(int number, Random random) => new()
    {
        Id = $"vec_{number}",
        Character = "brine",
        Session = $"ses_{number / 200}",
        Turn = $"trn_{number}",
        Witnesses = number % 2 == 0 ? ["brine", "pim"] : ["brine"],
        Kind = VectorKind.Turn,
        SaidAt = DateTimeOffset.UnixEpoch.AddMinutes(number),
        Vector = Vector(random),
    };

    /// <summary>Sums of several draws, so that the numbers are spread as a model's are.</summary>
    private static float[] Vector(Random random) =>
        [.. Enumerable.Range(0, Space.Dimension).Select(_ => (float)(random.NextDouble() + random.NextDouble() + random.NextDouble() - 1.5))];
}
