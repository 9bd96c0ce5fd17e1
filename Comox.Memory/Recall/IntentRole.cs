using Comox.Memory.Consolidation;

namespace Comox.Memory.Recall;

/// <summary>
/// Asks the model of the <c>intent</c> role what a message wants, where the rules see nothing in it: they are sure of what they do see, and cost a
/// microsecond. A model that takes longer than its budget, or answers anything else, changes nothing.
/// </summary>
internal sealed class IntentRole(RoleOptions roles, RoleModels models, MemoryOptions options, TimeProvider time)
{
    private const int MaxTokens = 4;
    private const int LongestMessage = 2000;

    private static readonly (string Word, Intent Intent)[] Words =
    [
        ("smalltalk", Intent.SmallTalk), ("person", Intent.AboutPerson), ("character", Intent.AboutCharacter), ("time", Intent.Temporal), ("list", Intent.List), ("other", Intent.Other),
    ];

    /// <returns>Null where nobody was asked, or the answer says nothing; and then, where somebody was, why.</returns>
    public async Task<(Intent? Intent, string? Note)> AskAsync(string message, Intent byRules, CancellationToken cancellation)
    {
        if (string.IsNullOrWhiteSpace(roles.Intent) || byRules != Intent.Other || message.Length > LongestMessage)
            return (null, null);
        using var limit = new CancellationTokenSource(options.IntentTimeout, time);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation, limit.Token);
        try
        {
            var answer = await models.AskAsync(roles.Intent, Instructions, message, MaxTokens, null, patience.Token);
            if (!answer.IsSuccess)
                return (null, $"The message was read by rules alone: {answer.Error.Message}");
            var word = string.Concat(answer.Value.TakeWhile(letter => char.IsLetter(letter) || char.IsWhiteSpace(letter))).Trim().ToLowerInvariant();
            return Words.FirstOrDefault(known => known.Word == word) is { Word: not null } found
                ? (found.Intent, null)
                : (null, $"The message was read by rules alone: the model '{roles.Intent}' answered with none of the words it was given.");
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return (null, $"The message was read by rules alone: the model '{roles.Intent}' did not answer within {options.IntentTimeout.TotalMilliseconds:0} ms.");
        }
    }

    private const string Instructions =
        "What does the message want to be reminded of? Answer with one word: smalltalk (nothing), person (the one who writes), character (the one who is written to), time (a time, or when), list (several things together), other.";
}
