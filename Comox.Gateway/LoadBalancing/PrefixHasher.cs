using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Comox.Gateway.LoadBalancing;

/// <summary>
/// Hashes what an engine reads before it answers, in the order of the prompt (tools, system, every turn), as a chain: the hash of block n covers all bytes
/// before it, so two requests with the same hash n share everything up to there. Raw JSON bytes, because tokens would cost more than routing; two clients that
/// write the same prompt with other spaces are two prompts here.
/// <para>
/// Blocks grow with the offset, sixteen of 256 bytes, sixteen of 512, and so on: 128 blocks cover a megabyte, fine where prompts differ (system prompt, tools)
/// and coarse where a conversation only grows. Where a block ends depends on its number alone, never on the length of the prompt.
/// </para>
/// <para>
/// Four lanes of 64 × 64 → 128-bit multiplication, folded, as in wyhash (https://github.com/wangyi-fudan/wyhash). Not cryptographic: whoever finds a collision
/// gains a request on a backend that must read the prompt.
/// </para>
/// </summary>
internal ref struct PrefixHasher
{
    public const int MaxBlocks = 128;

    private const int Stripe = 64;
    private const int FirstBlock = 256;
    private const int BlocksOfOneSize = 16;
    private const ulong A = 0xA0761D6478BD642F;
    private const ulong B = 0xE7037ED1A0B428DB;
    private const ulong C = 0x8EBC6AF09C88C6E3;
    private const ulong D = 0x589965CC75374CC3;

    private readonly Span<ulong> _hashes;
    private ulong _lane0;
    private ulong _lane1;
    private ulong _lane2;
    private ulong _lane3;
    private Carry _carry;
    private int _carried;
    private int _blockLeft = FirstBlock;

    /// <param name="seed">What else decides whether a cache can be shared: <see cref="Seed"/> of the model and of the adapter.</param>
    /// <param name="hashes">Receives the hashes; its length limits how far a prompt is looked at, <see cref="MaxBlocks"/> at most.</param>
    public PrefixHasher(ulong seed, Span<ulong> hashes)
    {
        _hashes = hashes.Length > MaxBlocks ? hashes[..MaxBlocks] : hashes;
        (_lane0, _lane1, _lane2, _lane3) = (seed ^ A, seed ^ B, seed ^ C, seed ^ D);
    }

    /// <summary>Blocks hashed so far. The last bytes, too few for a block, are in none: the next turn adds to them.</summary>
    public int Blocks { get; private set; }

    /// <summary>Bytes given so far, hashed or not.</summary>
    public int Bytes { get; private set; }

    /// <summary>Bytes in the first <paramref name="blocks"/> blocks.</summary>
    public static int BytesOf(int blocks)
    {
        var size = blocks / BlocksOfOneSize;
        return (FirstBlock * BlocksOfOneSize * ((1 << size) - 1)) + ((blocks % BlocksOfOneSize) * (FirstBlock << size));
    }

    /// <summary>Whole blocks in the first <paramref name="bytes"/> bytes.</summary>
    public static int BlocksIn(int bytes)
    {
        var blocks = 0;
        while (blocks < MaxBlocks && BytesOf(blocks + 1) <= bytes)
            blocks++;
        return blocks;
    }

    /// <summary>The hash of a name, for seeds and session keys; the same on every gateway.</summary>
    public static ulong Seed(ReadOnlySpan<char> text, ulong seed = 0)
    {
        var hash = seed ^ A;
        foreach (var character in text)
            hash = Fold(hash ^ B, character ^ C);
        return Dice.Mix(hash ^ (ulong)text.Length);
    }

    /// <summary>The next part of the prompt, for example the JSON of <c>tools</c>, then that of <c>messages</c>.</summary>
    public void Add(scoped ReadOnlySpan<byte> part)
    {
        Bytes += part.Length;
        if (_carried > 0)
        {
            var missing = Math.Min(Stripe - _carried, part.Length);
            part[..missing].CopyTo(((Span<byte>)_carry)[_carried..]);
            part = part[missing..];
            _carried += missing;
            if (_carried < Stripe)
                return;
            var stripe = _carry;
            Consume(stripe);
            _carried = 0;
        }

        part = part[Consume(part)..];
        if (Blocks == _hashes.Length)
            return;
        part.CopyTo(_carry);
        _carried = part.Length;
    }

    /// <returns>Bytes taken: whole stripes, or everything that is left when there is no room for more hashes.</returns>
    private int Consume(scoped ReadOnlySpan<byte> bytes)
    {
        var taken = 0;
        while (Blocks < _hashes.Length)
        {
            var run = Math.Min(_blockLeft, (bytes.Length - taken) & -Stripe);
            Absorb(bytes.Slice(taken, run));
            taken += run;
            _blockLeft -= run;
            if (_blockLeft > 0)
                return taken;
            _hashes[Blocks++] = Dice.Mix(Fold(_lane0 ^ A, _lane1 ^ B) ^ Fold(_lane2 ^ C, _lane3 ^ D));
            _blockLeft = FirstBlock << (Blocks / BlocksOfOneSize);
        }

        return bytes.Length;
    }

    private void Absorb(scoped ReadOnlySpan<byte> stripes)
    {
        var (lane0, lane1, lane2, lane3) = (_lane0, _lane1, _lane2, _lane3);
        var words = MemoryMarshal.Cast<byte, ulong>(stripes);
        while (words.Length >= 8)
        {
            lane0 = Fold(words[0] ^ A, words[1] ^ lane0);
            lane1 = Fold(words[2] ^ B, words[3] ^ lane1);
            lane2 = Fold(words[4] ^ C, words[5] ^ lane2);
            lane3 = Fold(words[6] ^ D, words[7] ^ lane3);
            words = words[8..];
        }

        (_lane0, _lane1, _lane2, _lane3) = (lane0, lane1, lane2, lane3);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Fold(ulong left, ulong right)
    {
        var high = Math.BigMul(left, right, out var low);
        return high ^ low;
    }

    [InlineArray(Stripe)]
    private struct Carry
    {
        [SuppressMessage("Style", "IDE0044:Add readonly modifier", Justification = "An inline array's element.")]
        private byte _first;
    }
}
