using System.Collections.Immutable;

namespace Comox.Gateway.Backends;

/// <summary>What kinds of servers there are; each is spoken to in its own way.</summary>
internal static class BackendKinds
{
    public const string VLlm = "vllm";
    public const string LlamaCpp = "llama.cpp";

    /// <summary>OpenAI itself, and whatever speaks its API.</summary>
    public const string OpenAI = "openai";

    public const string Anthropic = "anthropic";

    public static readonly ImmutableArray<string> All = [VLlm, LlamaCpp, OpenAI, Anthropic];

    /// <summary>
    /// llama-server notices a client that left only while it writes, and without a limit it writes until its context is full: it is always asked for a stream with a limit.
    /// </summary>
    public static bool NeedsStream(string kind) => kind is LlamaCpp;

    /// <summary>
    /// OpenAI's own servers, and Azure's: their newer models refuse <c>max_tokens</c> for <c>max_completion_tokens</c>, which all of them know and not all who speak the API do.
    /// </summary>
    public static bool IsOpenAIItself(string kind, Uri address) =>
        kind == OpenAI && (address.Host.EndsWith(".openai.com", StringComparison.Ordinal) || address.Host.EndsWith(".openai.azure.com", StringComparison.Ordinal));

    /// <summary>Understands <c>continue_final_message</c>: a reply that broke off elsewhere can go on here.</summary>
    public static bool CanContinue(string kind) => kind is LlamaCpp or VLlm;
}
