using System.Text;

namespace Comox.Gateway.OpenAI.Responses;

/// <summary>Fields of the Responses API that become something else in a chat, or that the response repeats.</summary>
internal enum ResponsesField
{
    Model,
    Input,
    Instructions,
    Stream,
    StreamOptions,
    MaxOutputTokens,
    MaxToolCalls,
    Text,
    Reasoning,
    Tools,
    ToolChoice,
    ParallelToolCalls,
    TopLogprobs,
    Include,
    Temperature,
    TopP,
    User,
    SafetyIdentifier,
    PromptCacheKey,
    ServiceTier,
    Metadata,
    Store,
    PreviousResponseId,
    Conversation,
    Truncation,
    Background,
    Prompt,
    ContextManagement,
    Moderation,
}

/// <param name="Field">The field.</param>
/// <param name="Name">Its key.</param>
internal sealed record ResponsesFieldFacts(ResponsesField Field, string Name)
{
    /// <summary>By <see cref="ResponsesField"/>.</summary>
    public static IReadOnlyList<ResponsesFieldFacts> All { get; } =
    [
        new(ResponsesField.Model, "model"),
        new(ResponsesField.Input, "input"),
        new(ResponsesField.Instructions, "instructions") { Echo = "null" },
        new(ResponsesField.Stream, "stream") { SameInChat = true },
        new(ResponsesField.StreamOptions, "stream_options"),
        new(ResponsesField.MaxOutputTokens, "max_output_tokens") { Echo = "null" },
        new(ResponsesField.MaxToolCalls, "max_tool_calls") { Echo = "null" },
        new(ResponsesField.Text, "text") { Echo = """{"format":{"type":"text"}}""" },
        new(ResponsesField.Reasoning, "reasoning") { Echo = """{"effort":null,"summary":null}""" },
        new(ResponsesField.Tools, "tools") { Echo = "[]" },
        new(ResponsesField.ToolChoice, "tool_choice") { Echo = "\"auto\"" },
        new(ResponsesField.ParallelToolCalls, "parallel_tool_calls") { Echo = "true" },
        new(ResponsesField.TopLogprobs, "top_logprobs") { Echo = "0" },
        new(ResponsesField.Include, "include"),
        new(ResponsesField.Temperature, "temperature") { SameInChat = true, Echo = "null" },
        new(ResponsesField.TopP, "top_p") { SameInChat = true, Echo = "null" },
        new(ResponsesField.User, "user") { SameInChat = true, Echo = "null" },
        new(ResponsesField.SafetyIdentifier, "safety_identifier") { SameInChat = true, Echo = "null" },
        new(ResponsesField.PromptCacheKey, "prompt_cache_key") { SameInChat = true, Echo = "null" },
        new(ResponsesField.ServiceTier, "service_tier") { SameInChat = true, Echo = "null" },
        new(ResponsesField.Metadata, "metadata") { Echo = "{}" },
        new(ResponsesField.Store, "store"),
        new(ResponsesField.PreviousResponseId, "previous_response_id") { Echo = "null" },
        new(ResponsesField.Conversation, "conversation"),
        new(ResponsesField.Truncation, "truncation") { Echo = "\"disabled\"" },
        new(ResponsesField.Background, "background") { Echo = "false" },
        new(ResponsesField.Prompt, "prompt"),
        new(ResponsesField.ContextManagement, "context_management"),
        new(ResponsesField.Moderation, "moderation"),
    ];

    /// <summary>Chat fields that would say the same twice, or ask for what a response cannot hold, and what to send in their place.</summary>
    public static IReadOnlyList<(byte[] Name, string Instead)> ChatOnly { get; } =
    [
        ("messages"u8.ToArray(), "Send 'input'."),
        ("max_tokens"u8.ToArray(), "Send 'max_output_tokens'."),
        ("max_completion_tokens"u8.ToArray(), "Send 'max_output_tokens'."),
        ("response_format"u8.ToArray(), "Send 'text.format'."),
        ("verbosity"u8.ToArray(), "Send 'text.verbosity'."),
        ("reasoning_effort"u8.ToArray(), "Send 'reasoning.effort'."),
        ("logprobs"u8.ToArray(), "Send 'top_logprobs', or 'message.output_text.logprobs' in 'include'."),
        ("functions"u8.ToArray(), "Send 'tools'."),
        ("function_call"u8.ToArray(), "Send 'tool_choice'."),
        ("n"u8.ToArray(), "A response holds one answer; send the request again for another."),
    ];

    public byte[] Utf8Name { get; } = Encoding.UTF8.GetBytes(Name);

    /// <summary>The chat API has it under the same name and with the same meaning.</summary>
    public bool SameInChat { get; init; }

    /// <summary>What the response says where the request is silent (JSON); null where the response never speaks of it.</summary>
    public string? Echo { get; init; }
}
