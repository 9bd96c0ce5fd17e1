using System.Buffers;
using Comox.Gateway.Forwarding;

namespace Comox.Gateway.OpenAI.Responses;

/// <summary>
/// Numbers and frames the events of one response:
/// <code>
/// event: response.output_text.delta
/// data: {"type":"response.output_text.delta","sequence_number":4,…}
/// </code>
/// Without an output nobody listens, and what makes the events makes the unstreamed answer alone.
/// </summary>
internal sealed class ResponseEvents
{
    private long _next;

    /// <summary>Where the events of this call go; null for nowhere.</summary>
    public IBufferWriter<byte>? Output { get; set; }

    /// <summary>Starts an event. What follows are members of its object, each behind a comma.</summary>
    /// <returns>Whether anybody listens; where not, there is nothing to write and nothing to end.</returns>
    public bool Begin(ReadOnlySpan<byte> type)
    {
        if (Output is not { } output)
            return false;
        output.Write("event: "u8);
        output.Write(type);
        output.Write("\ndata: {\"type\":\""u8);
        output.Write(type);
        output.Write("\",\"sequence_number\":"u8);
        output.WriteNumber(_next++);
        return true;
    }

    public void Write(ReadOnlySpan<byte> json) => Output!.Write(json);

    public void Write(ReadOnlySpan<byte> name, long value)
    {
        Output!.Write(name);
        Output!.WriteNumber(value);
    }

    public void End() => Output!.Write("}\n\n"u8);
}
