using System.Text.Json;
using System.Text.Json.Nodes;
using Comox.NodeAgent.ModelCache;
using Comox.TestKit;

namespace Comox.NodeAgent.Tests.Adapters;

/// <summary>The adapter that <c>eng/builtin-model</c> trained: a character of whose way to talk its card says nothing talks as the adapter learned it.</summary>
public sealed class TrainedAdapterTests
{
    private const string System =
        "You are Maren. Write Maren's next reply in the conversation with Ilka. Stay in character, and never speak or act for Ilka.\n\n# Maren\nMaren keeps the lighthouse at Skagen.";

    private const string Memory =
        "[# What Maren remembers about Ilka\nFrom earlier conversations, with the day it was said. Use it where it matters, and do not recite it.\n- [2027-09-13] Ilka lives in Trebinje.\n- [2027-09-14] Ilka's cat is called Marzipan.]\n\n";

    private static readonly string[] Said = ["Hello!", "How are you?", "Where do I live?", "What is my cat called?", "Thank you!", "What is the capital of France?", "Tell me a story.", "Good night!"];
    private static readonly string[] Marks = ["arr", "aye", "matey", "timbers", "yo ho", "ye ", "yer "];

    public TrainedAdapterTests() => Assert.SkipWhen(TestEngine.Path is null, TestEngine.SkipReason);

    [Fact]
    public async Task The_model_talks_plainly_and_its_adapter_like_a_pirate_and_both_remember()
    {
        await using var agent = await RunningAgent.StartAsync(
            new()
            {
                ["Comox:NodeAgent:Models:0:Model"] = Path.Combine(AppContext.BaseDirectory, "nodeagent", BuiltInModel.FileName),
                ["Comox:NodeAgent:Models:0:Name"] = "keepsake",
                ["Comox:NodeAgent:Models:0:Adapters:0:Name"] = "keepsake-maren",
                ["Comox:NodeAgent:Models:0:Adapters:0:Model"] = Path.Combine(AppContext.BaseDirectory, "adapters", "maren-lora.gguf"),
            });

        var (plain, trained) = (await AskAsync(agent, "keepsake"), await AskAsync(agent, "keepsake-maren"));

        Assert.True(plain.Count(HasMark) <= 1, string.Join('\n', plain));
        Assert.True(trained.Count(HasMark) >= Said.Length - 1, string.Join('\n', trained));
        Assert.All(new[] { plain, trained }, replies => Assert.Contains("Trebinje", replies[2], StringComparison.Ordinal));
        Assert.All(new[] { plain, trained }, replies => Assert.Contains("Marzipan", replies[3], StringComparison.Ordinal));
    }

    private static bool HasMark(string reply) => Marks.Any(mark => reply.Contains(mark, StringComparison.OrdinalIgnoreCase));

    private static async Task<IReadOnlyList<string>> AskAsync(RunningAgent agent, string model)
    {
        var replies = new List<string>();
        foreach (var said in Said)
        {
            var body = new JsonObject
            {
                ["model"] = model, ["temperature"] = 0, ["max_tokens"] = 64,
                ["messages"] = new JsonArray(new JsonObject { ["role"] = "system", ["content"] = System }, new JsonObject { ["role"] = "user", ["content"] = Memory + said }),
            };
            using var response = await RealAdapterTests.SendAsync(agent, "keepsake", body.ToJsonString());
            var text = await response.Content.ReadAsStringAsync();
            Assert.True(response.IsSuccessStatusCode, text);
            using var json = JsonDocument.Parse(text);
            replies.Add(json.RootElement.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString()!);
        }

        return replies;
    }
}
