using Comox.Memory.Vectors;
using Comox.Memory.Vectors.Sqlite;

namespace Comox.Memory.Tests.Vectors;

public sealed class VectorCodeTests
{
    [FsCheck.Xunit.Property(MaxTest = 300)]
    public void The_true_similarity_is_never_outside_of_what_the_codes_say(int seed, byte size)
    {
        var random = new Random(seed);
        var dimension = size + 1;
        // Some vectors are dense, some have a few large numbers, as real ones do.
        var (one, other) = (VectorMath.Unit(Spiky(random, dimension)), VectorMath.Unit(Spiky(random, dimension)));
        var codes = new sbyte[VectorCode.LengthOf(dimension)];
        var (scale, error) = VectorCode.Encode(one, codes);
        var (estimate, slack) = new VectorCode.Query(other).Compare(codes, scale, error);
        Assert.InRange(VectorMath.Similarity(one, other), estimate - slack, estimate + slack);
        Assert.InRange(slack, 0, 0.2);
    }

    [FsCheck.Xunit.Property(MaxTest = 300)]
    public void Both_ways_to_multiply_agree_with_the_plain_one(int seed, byte steps)
    {
        var random = new Random(seed);
        var codes = new sbyte[(steps + 1) * VectorCode.Step];
        random.NextBytes(System.Runtime.InteropServices.MemoryMarshal.AsBytes(codes.AsSpan()));
        var query = codes.Select(_ => (short)random.Next(-VectorCode.Query.Largest, VectorCode.Query.Largest + 1)).ToArray();
        var plain = codes.Zip(query, (code, value) => (long)code * value).Sum();
        Assert.Equal(plain, CodeDot.Portable(codes, query));
        Assert.Equal(plain, CodeDot.Of(codes, query));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(-1)]
    public void The_largest_sums_do_not_overflow(int sign)
    {
        var codes = Enumerable.Repeat((sbyte)127, VectorChecks.LargestDimension).ToArray();
        var query = Enumerable.Repeat((short)(sign * VectorCode.Query.Largest), VectorChecks.LargestDimension).ToArray();
        var plain = 127L * sign * VectorCode.Query.Largest * VectorChecks.LargestDimension;
        Assert.Equal(plain, CodeDot.Portable(codes, query));
        Assert.Equal(plain, CodeDot.Of(codes, query));
    }

    [FsCheck.Xunit.Property(MaxTest = 200)]
    public void A_unit_vector_has_the_length_one_and_the_same_direction(int seed, byte size)
    {
        var vector = Spiky(new Random(seed), size + 1);
        var unit = VectorMath.Unit(vector);
        Assert.Equal(1, unit.Sum(value => (double)value * value), 5);
        Assert.Equal(1, VectorMath.Similarity(unit, VectorMath.Unit([.. vector.Select(value => value * 7)])), 5);
    }

    [Fact]
    public void A_scan_leaves_few_to_look_at_and_none_of_the_nearest_out()
    {
        const int Dimension = 384;
        var random = new Random(3);
        var vectors = Enumerable.Range(0, 10_000).Select(_ => VectorMath.Unit(Spiky(random, Dimension))).ToArray();
        var partition = new VectorPartition(Dimension, 1);
        partition.Put(vectors.Select((vector, row) => new VectorRow(row + 1, "brine", "ses_1", [], VectorKind.Turn, 0, vector)), 2);

        for (var question = 0; question < 20; question++)
        {
            var asked = VectorMath.Unit(Spiky(random, Dimension));
            var candidates = partition.Candidates(2, new VectorCode.Query(asked), new VectorFilter { Subject = "mara" }, 10, CancellationToken.None)!;
            var nearest = vectors.Select((vector, row) => (Row: row + 1L, Similarity: VectorMath.Similarity(vector, asked))).OrderByDescending(match => match.Similarity).Take(10);
            Assert.Subset(candidates.Select(candidate => candidate.Row).ToHashSet(), nearest.Select(match => match.Row).ToHashSet());
            Assert.InRange(candidates.Count, 10, 300);
        }

        Assert.Null(partition.Candidates(1, new VectorCode.Query(vectors[0]), new VectorFilter { Subject = "mara" }, 10, CancellationToken.None));
    }

    private static float[] Spiky(Random random, int dimension)
    {
        var vector = VectorStoreContractTests.RandomVector(random, dimension);
        for (var spike = random.Next(3); spike > 0; spike--)
            vector[random.Next(dimension)] *= 4;
        vector[0] += 0.01f;
        return vector;
    }
}
