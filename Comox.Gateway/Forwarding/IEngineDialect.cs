using System.Buffers;
using Comox.ServiceDefaults;

namespace Comox.Gateway.Forwarding;

/// <summary>
/// How a backend that does not speak OpenAI's chat API is spoken to. One instance per attempt: it may remember what it has read. Not thread-safe.
/// </summary>
internal interface IEngineDialect
{
    /// <summary>The path below the backend's base address: <c>v1/messages</c>.</summary>
    string Path { get; }

    /// <summary>Headers this API wants besides the key.</summary>
    IReadOnlyList<KeyValuePair<string, string>> Headers { get; }

    /// <summary>A chat request becomes the backend's request.</summary>
    /// <returns>Null, or why this request cannot be said in that API.</returns>
    ApiError? WriteRequest(ReadOnlyMemory<byte> chatBody, IBufferWriter<byte> output);

    /// <summary>The data of one event becomes zero or more whole <c>data: {chat.completion.chunk}\n\n</c> events; the last one is <c>data: [DONE]\n\n</c>.</summary>
    void WriteEvent(ReadOnlyMemory<byte> data, IBufferWriter<byte> output);
}
