using System.Text;

namespace Comox.Fuzz;

/// <summary>Small damage to good input: it comes further into a parser than noise does.</summary>
internal static class Mutations
{
    private static readonly byte[] Telling = [0, (byte)'\n', (byte)'\r', (byte)'"', (byte)'\\', (byte)'{', (byte)'}', (byte)'[', (byte)']', (byte)',', (byte)':', (byte)' ', 0x7F, 0x80, 0xC3, 0xED, 0xF0, 0xFF];

    /// <remarks><paramref name="tokens"/> are pieces of the format, put in here and there.</remarks>
    public static byte[] Of(byte[] input, IReadOnlyList<string> tokens, Random random)
    {
        var bytes = new List<byte>(input);
        for (var left = 1 + random.Next(1 + random.Next(6)); left > 0; left--)
            Once(bytes, tokens, random);
        return [.. bytes];
    }

    public static T Pick<T>(this Random random, IReadOnlyList<T> items) => items[random.Next(items.Count)];

    private static void Once(List<byte> bytes, IReadOnlyList<string> tokens, Random random)
    {
        var at = random.Next(bytes.Count + 1);
        var length = Math.Min(1 + random.Next(1 + random.Next(40)), bytes.Count - at);
        switch (random.Next(8))
        {
            case 0 when length > 0:
                bytes[at] ^= (byte)(1 << random.Next(8));
                break;
            case 1 when length > 0:
                bytes[at] = random.Pick(Telling);
                break;
            case 2:
                bytes.RemoveRange(at, length);
                break;
            case 3:
                bytes.InsertRange(at, bytes.GetRange(at, length));
                break;
            case 4 when length > 0:
                bytes.InsertRange(random.Next(bytes.Count), bytes.GetRange(at, length));
                break;
            case 5 when random.Next(8) == 0:
                bytes.RemoveRange(at, bytes.Count - at);
                break;
            case 6:
                bytes.RemoveRange(at, length);
                bytes.InsertRange(at, Encoding.UTF8.GetBytes(random.Pick(tokens)));
                break;
            default:
                bytes.InsertRange(at, Encoding.UTF8.GetBytes(random.Pick(tokens)));
                break;
        }
    }
}
