using System.Text;
using System.Text.Json.Nodes;
using Comox.Gateway.Backends;
using Comox.Gateway.CircuitBreaking;
using Comox.Gateway.Forwarding;
using Comox.Gateway.LoadBalancing;
using Comox.Gateway.OpenAI;
using Comox.Gateway.Recall;
using Comox.Gateway.Routing;
using Comox.ServiceDefaults.Contracts.Nodes;
using Comox.ServiceDefaults.Contracts.OpenAI;
using Microsoft.AspNetCore.Http;

namespace Comox.Gateway.Tests;

/// <summary>What an engine is sent in place of what the client said, because it would not understand that.</summary>
public sealed class EngineRequestTests
{
    private const string Look = """{"type":"function","function":{"name":"look","parameters":{"type":"object"}}}""";
    private const string Hear = """{ "type":"function", "function":{"name":"h\u00e9ar","strict":true} }""";
    private const string Forced = $$$$"""{"model":"m","messages":[{"role":"user","content":"Hi"}],"tools":[{{{{Look}}}},{{{{Hear}}}}],"tool_choice":{"type":"function","function":{"name":"héar"}}}""";

    [Fact]
    public void A_tool_that_is_forced_by_name_is_the_only_one_of_a_llama_server()
    {
        var sent = JsonNode.Parse(Spliced(Forced, BackendKinds.LlamaCpp))!;
        Assert.Equal("required", (string?)sent["tool_choice"]);
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse($"[{Hear}]"), sent["tools"]));
    }

    [Fact]
    public void Others_know_what_a_forced_tool_is() => Assert.Contains(Forced[1..^1], Spliced(Forced, BackendKinds.VLlm), StringComparison.Ordinal);

    [Theory]
    [InlineData("\"auto\"")]
    [InlineData("\"required\"")]
    [InlineData("null")]
    [InlineData("""{"type":"function","function":{"name":"smell"}}""")]
    [InlineData("""{"type":"function","function":{"name":"\ud83d"}}""")]
    [InlineData("""{"type":"function","function":7}""")]
    [InlineData("""{"type":"allowed_tools"}""")]
    public void Any_other_choice_is_the_engines_to_read(string choice)
    {
        var body = Forced.Replace("""{"type":"function","function":{"name":"héar"}}""", choice, StringComparison.Ordinal);
        Assert.Contains(body[1..^1], Spliced(body, BackendKinds.LlamaCpp), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(BackendKinds.OpenAI, "https://api.openai.com/v1", "", "max_completion_tokens")]
    [InlineData(BackendKinds.OpenAI, "https://mine.openai.azure.com/openai/v1", "", "max_completion_tokens")]
    [InlineData(BackendKinds.OpenAI, "https://api.openai.com/v1", ",\"max_tokens\":9", "max_tokens")]
    [InlineData(BackendKinds.OpenAI, "http://ollama:11434/v1", "", "max_tokens")]
    [InlineData(BackendKinds.OpenAI, "https://notopenai.com/v1", "", "max_tokens")]
    [InlineData(BackendKinds.VLlm, "https://api.openai.com/v1", "", "max_tokens")]
    [InlineData(BackendKinds.LlamaCpp, "http://127.0.0.1:1/v1", "", "max_tokens")]
    public void A_characters_limit_has_the_name_that_the_server_takes(string kind, string url, string besides, string name)
    {
        var recalled = new RecalledPrompt("ses_1", "trn_1", "rcp_1", [new ChatMessage("user", "Hi")], 7);
        var sent = JsonNode.Parse(Spliced($$"""{"model":"m","messages":[{"role":"user","content":"Hi"}]{{besides}}}""", kind, url, recalled))!.AsObject();
        Assert.Equal(7, (int?)sent[name]);
        Assert.Single(sent, field => field.Key.StartsWith("max_", StringComparison.Ordinal));
    }

    private static string Spliced(string body, string kind, string url = "http://127.0.0.1:1/v1", RecalledPrompt? recalled = null)
    {
        Assert.Null(ChatRequestReader.Read(Encoding.UTF8.GetBytes(body), out var request));
        var backend = new BackendFactory(new("Bearer", "key"), new BackendLoads(new LoadOptions(), TimeProvider.System), new BackendCircuits(new CircuitOptions(), new Dice(1), TimeProvider.System))
            .Of("m", "local", new BackendOptions { Name = "engine", Kind = kind, Url = url });
        var exchange = new Exchange(new DefaultHttpContext(), request!, "req_1", TimeProvider.System, CancellationToken.None) { Route = new ModelRoute("m", PromptProfile.Standard, null), Recalled = recalled };
        return Encoding.UTF8.GetString(EngineRequest.Splice(exchange, backend).Pieces().SelectMany(piece => piece.ToArray()).ToArray());
    }
}
