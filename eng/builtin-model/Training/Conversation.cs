using System.Text.Json;
using Comox.BuiltInModel.Model;
using Comox.BuiltInModel.Tokenizer;

namespace Comox.BuiltInModel.Training;

/// <summary>One line of the data: OpenAI's format for fine-tuning a chat model.</summary>
internal sealed record Conversation(IReadOnlyList<Conversation.Message> Messages)
{
    /// <summary>Learned is an assistant's message without weight 0.</summary>
    public sealed record Message(string Role, string Text, bool Learned);

    /// <exception cref="InvalidDataException">The line is no such conversation.</exception>
    public static Conversation Parse(string line)
    {
        try
        {
            using var document = JsonDocument.Parse(line);
            return new Conversation([.. document.RootElement.GetProperty("messages").EnumerateArray().Select(Read)]);
        }
        catch (Exception broken) when (broken is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new InvalidDataException($"This line is no conversation ({broken.Message}): {line[..Math.Min(200, line.Length)]}", broken);
        }
    }

    private static Message Read(JsonElement message)
    {
        var role = Text(message, "role");
        var weight = message.TryGetProperty("weight", out var given) ? given.GetInt32() : 1;
        return new Message(role, Text(message, "content"), role == "assistant" && weight != 0);
    }

    private static string Text(JsonElement message, string name) => message.GetProperty(name).GetString() ?? throw new InvalidOperationException($"a message's {name} is null");

    /// <summary>As the model's chat template writes it, up to the end of the last message. Learned are a reply's tokens and the one that ends it.</summary>
    public Example Encode(SpmTokenizer tokenizer)
    {
        var (tokens, learned) = (new List<int>(), new List<bool>());
        void Add(IEnumerable<int> ids, bool learn)
        {
            tokens.AddRange(ids);
            learned.AddRange(Enumerable.Repeat(learn, tokens.Count - learned.Count));
        }

        for (var index = 0; index < Messages.Count; index++)
        {
            var message = Messages[index];
            Add([tokenizer.Start, .. tokenizer.Encode((message.Role) + "\n")], false);
            Add([.. tokenizer.Encode(message.Text), tokenizer.End], message.Learned);
            if (index + 1 < Messages.Count)
                Add(tokenizer.Encode("\n"), false);
        }

        return new Example([.. tokens], [.. learned]);
    }
}

/// <summary>Tokens, and for each whether it is to be learned.</summary>
internal sealed record Example(int[] Tokens, bool[] Learned)
{
    public IReadOnlyList<Hint> Hints { get; init; } = [];
}
