namespace Comox.Gateway.Anthropic;

/// <summary>
/// Why an answer ended, in both APIs' words. Chat has four words and Anthropic seven, so three of seven cannot come back from the word alone; the
/// engine's own one travels beside it as <c>native_finish_reason</c>. An answer that is not whole never becomes <c>stop</c> or <c>end_turn</c>.
/// https://platform.claude.com/docs/en/build-with-claude/handling-stop-reasons
/// </summary>
internal static class StopReasons
{
    /// <summary>Anthropic's word becomes OpenAI's.</summary>
    public static string ToFinishReason(string stopReason) => stopReason switch
    {
        "end_turn" or "stop_sequence" => "stop",
        "tool_use" => "tool_calls",
        "refusal" => "content_filter",
        // max_tokens and model_context_window_exceeded. Also pause_turn, which asks for the turn to be sent again so that it can go on, and every word
        // that is yet to come: chat clients know no other way to hear that there is more.
        _ => "length",
    };

    /// <summary>OpenAI's word becomes Anthropic's; null where nobody has said why.</summary>
    /// <param name="finishReason"><c>finish_reason</c> of the choice.</param>
    /// <param name="native"><c>native_finish_reason</c> of the choice: Anthropic's own word where the backend speaks that API.</param>
    /// <param name="calledTools">The answer holds tool calls. OpenAI ends a forced call with <c>stop</c>, and no Anthropic client runs a tool then.</param>
    /// <param name="refused">The answer holds a <c>refusal</c>.</param>
    /// <param name="stoppedAt">The stop sequence, where the engine names it.</param>
    public static string? ToStopReason(string? finishReason, string? native, bool calledTools, bool refused, bool stoppedAt)
    {
        if (native is "end_turn" or "max_tokens" or "stop_sequence" or "tool_use" or "pause_turn" or "refusal" or "model_context_window_exceeded")
            return native;
        return finishReason switch
        {
            "stop" when calledTools => "tool_use",
            "stop" when refused => "refusal",
            "stop" => stoppedAt ? "stop_sequence" : "end_turn",
            "length" => "max_tokens",
            "tool_calls" or "function_call" => "tool_use",
            "content_filter" => "refusal",
            _ => null,
        };
    }
}
