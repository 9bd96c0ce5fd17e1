using Comox.NodeAgent.Downloads;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;

namespace Comox.NodeAgent.Tests.Downloads;

/// <summary>What is there and what is missing, against a plain list of bytes.</summary>
public sealed class RangeSetTests
{
    private const int Size = 60;

    private static readonly Gen<ByteRange> Ranges = from a in Gen.Choose(0, Size) from b in Gen.Choose(0, Size) select new ByteRange(Math.Min(a, b), Math.Max(a, b));

    [Property(MaxTest = 1000)]
    public Property It_says_of_every_byte_what_a_list_of_all_bytes_says() =>
        Prop.ForAll(Ranges.ListOf().ToArbitrary(), Ranges.ToArbitrary(), (added, within) =>
        {
            var (set, bytes) = (new RangeSet(), new bool[Size]);
            foreach (var range in added)
            {
                set.Add(range);
                for (var at = range.From; at < range.To; at++)
                    bytes[at] = true;
            }

            var missing = set.Missing(within);
            var said = missing.SelectMany(gap => Enumerable.Range((int)gap.From, (int)gap.Length)).ToList();
            var true_ones = Enumerable.Range((int)within.From, (int)within.Length).Where(at => !bytes[at]);
            return set.Count == bytes.Count(there => there)
                && said.SequenceEqual(true_ones)
                && missing.Zip(missing.Skip(1)).All(pair => pair.First.To < pair.Second.From);
        });
}
