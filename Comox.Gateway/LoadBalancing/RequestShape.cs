using Comox.Gateway.OpenAI;
using Comox.ServiceDefaults.Clients;

namespace Comox.Gateway.LoadBalancing;

/// <summary>
/// What of an exchange decides where it goes, read once: its session, the hashes of its prompt's blocks, and estimates of its tokens. Nothing is tokenized: four bytes
/// of a prompt are taken for a token, and the engines' own counts correct what follows from it.
/// </summary>
internal sealed class RequestShape
{
    private const int BytesPerToken = 4;
    internal const int UsualOutput = 256;

    private readonly ulong[] _prefix;

    public RequestShape(Exchange exchange)
    {
        var request = exchange.Request;
        Span<ulong> hashes = stackalloc ulong[PrefixHasher.MaxBlocks];
        var hasher = new PrefixHasher(PrefixHasher.Seed(exchange.Route.Model), hashes);
        // Everything that an engine reads before it answers, in the order in which chat templates put it; a key over the first message alone would
        // send all conversations with one system prompt to one backend.
        if (request.ValueOf(ChatField.Tools) is { IsEmpty: false } tools)
            hasher.Add(tools.Span);
        if (exchange.Recalled is { } recalled)
        {
            foreach (var message in recalled.Messages)
                hasher.Add(System.Runtime.InteropServices.MemoryMarshal.AsBytes(message.Content.AsSpan()));
        }
        else
        {
            hasher.Add(request.Payload.Span);
        }

        _prefix = hashes[..hasher.Blocks].ToArray();
        PromptBytes = hasher.Bytes;
        PromptTokens = Math.Max(1, hasher.Bytes / BytesPerToken);
        OutputTokens = Math.Min(request.MaxTokens ?? UsualOutput, UsualOutput);
        var session = exchange.Recalled?.Session ?? exchange.Http.Request.Headers[GatewayChatClient.SessionHeader].ToString();
        if (session.Length > 0)
            Session = SessionTable.Key(exchange.Caller, exchange.Route.Model, session);
    }

    public int PromptTokens { get; }
    public int PromptBytes { get; }
    public int OutputTokens { get; }
    public ulong? Session { get; }

    /// <param name="adapter">The one that the pool is for; null: none.</param>
    public RoutingRequest ToRequest(ulong? adapter) => new() { Adapter = adapter, PromptTokens = PromptTokens, PromptBytes = PromptBytes, OutputTokens = OutputTokens, Session = Session, Prefix = _prefix };
}
