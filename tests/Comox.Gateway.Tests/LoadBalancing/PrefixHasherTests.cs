using System.Text;
using Comox.Gateway.LoadBalancing;
using FsCheck;
using FsCheck.Fluent;

namespace Comox.Gateway.Tests.LoadBalancing;

public sealed class PrefixHasherTests
{
    [Fact]
    public void However_a_prompt_is_cut_into_parts_its_hashes_are_the_same()
    {
        Prop.ForAll(Gen.Choose(0, 20_000).ToArbitrary(), Gen.Choose(1, 900).ListOf().ToArbitrary(), (length, cuts) =>
        {
            var prompt = Bytes(length, 1);
            return Hash(prompt).SequenceEqual(Hash(Parts(prompt, cuts)));
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(300).WithQuietOnSuccess(true));
    }

    [Fact]
    public void Prompts_share_the_blocks_before_their_first_difference_and_none_after()
    {
        var prompt = Bytes(60_000, 1);
        var whole = Hash(prompt);
        foreach (var at in new[] { 0, 255, 256, 4095, 4096, 20_000, 59_000 })
        {
            var changed = prompt.ToArray();
            changed[at] ^= 1;
            var other = Hash(changed);
            var shared = PrefixHasher.BlocksIn(at);
            Assert.Equal(whole[..shared], other[..shared]);
            Assert.DoesNotContain(other[shared..], whole.Contains);
        }
    }

    [Fact]
    public void A_conversation_that_grows_keeps_its_hashes()
    {
        var turns = new StringBuilder("[{\"role\":\"system\",\"content\":\"You are Brine, keeper of the light.\"}");
        var before = Array.Empty<ulong>();
        for (var turn = 0; turn < 40; turn++)
        {
            turns.Append($",{{\"role\":\"user\",\"content\":\"{new string((char)('a' + (turn % 26)), 50 + turn)}\"}}");
            var hashes = Hash(Encoding.UTF8.GetBytes(turns + "]"));
            Assert.Equal(before, hashes[..before.Length]);
            before = hashes;
        }

        Assert.InRange(before.Length, 10, 16);
    }

    [Fact]
    public void Tools_and_every_turn_are_in_the_key()
    {
        var messages = Enumerable.Range(0, 30).Select(turn => $"{{\"role\":\"user\",\"content\":\"turn {turn} {new string('x', 300)}\"}}").ToArray();
        var tools = Encoding.UTF8.GetBytes("[{\"type\":\"function\",\"function\":{\"name\":\"look\"}}]");
        var other = Encoding.UTF8.GetBytes("[{\"type\":\"function\",\"function\":{\"name\":\"hear\"}}]");
        var bytes = Encoding.UTF8.GetBytes(string.Join(',', messages));
        Assert.Empty(Hash(tools, bytes).Intersect(Hash(other, bytes)));

        var edited = (string[])messages.Clone();
        edited[20] = edited[20].Replace("turn", "torn", StringComparison.Ordinal);
        Assert.NotEqual(Hash(tools, bytes)[^1], Hash(tools, Encoding.UTF8.GetBytes(string.Join(',', edited)))[^1]);
    }

    [Fact]
    public void Another_model_or_adapter_shares_nothing()
    {
        var prompt = Bytes(5000, 1);
        Assert.Empty(Hash(PrefixHasher.Seed("llama"), prompt).Intersect(Hash(PrefixHasher.Seed("mistral"), prompt)));
        Assert.Empty(Hash(PrefixHasher.Seed("llama"), prompt).Intersect(Hash(PrefixHasher.Seed("pirate", PrefixHasher.Seed("llama")), prompt)));
    }

    [Fact]
    public void Blocks_grow_and_128_of_them_cover_a_megabyte()
    {
        Assert.Equal([0, 256, 4096, 4608, 12_288, 1_044_480], new[] { 0, 1, 16, 17, 32, 128 }.Select(PrefixHasher.BytesOf));
        Assert.All(Enumerable.Range(0, 129), blocks => Assert.Equal(blocks, PrefixHasher.BlocksIn(PrefixHasher.BytesOf(blocks))));
        Assert.Equal(96, PrefixHasher.BlocksIn(PrefixHasher.BytesOf(96) + 1));
    }

    [Fact]
    public void A_prompt_longer_than_the_span_is_looked_at_as_far_as_the_span_goes()
    {
        var prompt = Bytes(2_000_000, 1);
        var hashes = new ulong[200];
        var hasher = new PrefixHasher(0, hashes);
        hasher.Add(prompt);
        Assert.Equal((128, 2_000_000), (hasher.Blocks, hasher.Bytes));

        var few = new ulong[5];
        var shorter = new PrefixHasher(0, few);
        shorter.Add(prompt.AsSpan(0, 700));
        shorter.Add(prompt.AsSpan(700));
        Assert.Equal(hashes[..5], few);
    }

    [Fact]
    public void Different_blocks_seldom_have_the_same_hash()
    {
        var seen = new HashSet<ulong>();
        for (var number = 0; number < 200_000; number++)
        {
            // Almost the same block each time, which is what weak hashes fail on.
            var block = new byte[256];
            BitConverter.TryWriteBytes(block.AsSpan((number % 32) * 8), (long)number);
            seen.Add(Hash(block)[0]);
        }

        Assert.InRange(seen.Count, 199_999, 200_000);
    }

    [Fact]
    public void Hashing_allocates_nothing()
    {
        var prompt = Bytes(100_000, 1);
        Span<ulong> hashes = stackalloc ulong[128];
        new PrefixHasher(1, hashes).Add(prompt);
        var before = GC.GetAllocatedBytesForCurrentThread();
        new PrefixHasher(2, hashes).Add(prompt);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private static byte[] Bytes(int length, int seed)
    {
        var bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    private static byte[][] Parts(byte[] prompt, IEnumerable<int> cuts)
    {
        var parts = new List<byte[]>();
        var at = 0;
        foreach (var cut in cuts)
        {
            var end = Math.Min(prompt.Length, at + cut);
            parts.Add(prompt[at..end]);
            at = end;
        }

        parts.Add(prompt[at..]);
        return [.. parts];
    }

    private static ulong[] Hash(params byte[][] parts) => Hash(0, parts);

    private static ulong[] Hash(ulong seed, params byte[][] parts)
    {
        var hashes = new ulong[PrefixHasher.MaxBlocks];
        var hasher = new PrefixHasher(seed, hashes);
        foreach (var part in parts)
            hasher.Add(part);
        Assert.Equal(PrefixHasher.BlocksIn(parts.Sum(part => part.Length)), hasher.Blocks);
        return hashes[..hasher.Blocks];
    }
}
