using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using Comox.Memory.Tests.Vectors;
using Comox.ServiceDefaults.Contracts.Memory;
using Comox.ServiceDefaults.Contracts.Nodes;

namespace Comox.Memory.Tests;

/// <summary>How much of each prompt the real llama-server had computed already, by its own word: <c>timings.cache_n</c> of <c>cache_n + prompt_n</c>.</summary>
public sealed class PrefixCacheTests
{
    // Wide enough that nothing leaves the window; the model's words are of no interest, so its trained length is not either.
    private const int Context = 16384;

    private static readonly string[] Said =
    [
        "I live in Porto, near the river.", "My sister is called Ottilie.", "Where do I live?", "I like green tea with honey.", "What is my sister called?", "We went sailing on the river yesterday.",
        "I work as a baker, you know.", "What do I like to drink?", "My cat is called Miso and it sleeps all day.", "Tell me of the sea.",
    ];

    [Fact]
    public async Task In_a_chat_of_sixty_turns_the_engine_has_nine_tenths_of_each_prompt_already()
    {
        await using var engine = await LlamaServer.StartAsync("keepsake-q8.gguf", "--ctx-size", $"{Context}", "--parallel", "1", "--override-kv", $"lfm2.context_length=int:{Context}");
        await using var memory = await MemoryHost.StartAsync();
        using var http = new HttpClient { BaseAddress = engine.Address };
        var profile = PromptProfile.Standard with { ContextTokens = Context, PromptTokens = Context - 512, ReplyTokens = 24, CharsPerToken = 1.6 };
        // What is remembered comes from an earlier conversation, and changes with each message.
        for (var told = 0; told < Said.Length; told++)
            await memory.ExchangeAsync(Said[told], "Aye.");

        string? session = null;
        var shares = new List<double>();
        for (var turn = 0; turn < 60; turn++)
        {
            var prompt = await memory.SayAsync($"{Said[turn % Said.Length]} That makes {turn}.", session, profile: profile);
            session = prompt.Session;
            var (cached, all) = await AnswerAsync(http, prompt);
            shares.Add((double)cached / all);
            await memory.ReplyAsync(prompt, $"*looks out over the water* Aye, I hear ye, and I'll keep it in mind, matey. The wind turns, the gulls are quarrelling, and the crew wants its supper. That be {turn}.");
        }

        TestContext.Current.TestOutputHelper?.WriteLine($"cached share by turn: {string.Join(' ', shares.Select(share => share.ToString("0.00", System.Globalization.CultureInfo.InvariantCulture)))}");
        var steady = shares.Skip(20).ToList();
        Assert.True(steady.Average() >= .9, $"On average {steady.Average():P1} of a prompt was cached; least {steady.Min():P1}.");
        Assert.True(steady.Min() >= .85, $"At worst {steady.Min():P1} of a prompt was cached.");
    }

    private static async Task<(int Cached, int All)> AnswerAsync(HttpClient http, SuperPromptResponse prompt)
    {
        using var response = await http.PostAsJsonAsync("v1/chat/completions", new { messages = prompt.Messages.Select(message => new { role = message.Role, content = message.Content }), max_tokens = 4, temperature = 0, cache_prompt = true });
        var answer = (await response.Content.ReadFromJsonAsync<JsonObject>())!;
        Assert.True(response.IsSuccessStatusCode, answer.ToJsonString(JsonSerializerOptions.Default));
        var timings = answer["timings"]!;
        var cached = timings["cache_n"]!.GetValue<int>();
        return (cached, cached + timings["prompt_n"]!.GetValue<int>());
    }
}
