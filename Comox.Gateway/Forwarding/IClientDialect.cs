using System.Buffers;
using Comox.ServiceDefaults.Contracts.OpenAI;

namespace Comox.Gateway.Forwarding;

/// <summary>
/// How one client API words an answer. The pipeline speaks <c>chat.completion.chunk</c>; a dialect turns that into what its client expects. One
/// instance per exchange: it may remember what it has written. Not thread-safe.
/// </summary>
internal interface IClientDialect
{
    /// <summary>One <c>chat.completion.chunk</c> (a JSON object, already checked) becomes zero or more whole events.</summary>
    void WriteChunk(ReadOnlySpan<byte> chunk, IBufferWriter<byte> output);

    /// <summary>The events that end a whole stream.</summary>
    void WriteEnd(IBufferWriter<byte> output);

    /// <summary>The event that ends a stream which broke; nothing follows it.</summary>
    void WriteStreamError(ApiErrorDetail error, IBufferWriter<byte> output);

    /// <summary>The unstreamed answer, from a whole <c>chat.completion</c>.</summary>
    void WriteWhole(ReadOnlyMemory<byte> completion, IBufferWriter<byte> output);

    /// <summary>The body of an error answer before anything was sent.</summary>
    void WriteError(int status, ApiErrorDetail error, IBufferWriter<byte> output);
}
