using System.Buffers;
using System.Buffers.Text;

namespace Comox.Gateway.Forwarding;

/// <summary>Numbers in JSON that is put together from fixed text: a writer would look at every byte of what is right already.</summary>
internal static class JsonNumber
{
    private const int Longest = 20; // -9223372036854775808

    public static void WriteNumber(this IBufferWriter<byte> output, long number)
    {
        Utf8Formatter.TryFormat(number, output.GetSpan(Longest), out var written);
        output.Advance(written);
    }
}
