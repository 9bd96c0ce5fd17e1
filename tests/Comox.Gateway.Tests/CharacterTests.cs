using System.Net;
using System.Text;
using System.Text.Json;
using Comox.FakeBackend;
using Comox.Gateway.Forwarding;
using Comox.ServiceDefaults;
using Comox.ServiceDefaults.Contracts.OpenAI;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Http.Resilience;

namespace Comox.Gateway.Tests;

public abstract class CharacterTests(string relay) : BothRelays(relay)
{
    [Theory]
    [InlineData(Chat.CharacterStreamed)]
    [InlineData(Chat.CharacterWhole)]
    public async Task A_character_is_asked_with_its_super_prompt_and_its_reply_is_recorded(string body)
    {
        await using var gateway = await StartAsync();

        using var response = await gateway.SendAsync(body);
        var text = await response.Content.ReadAsStringAsync();

        var asked = gateway.Memory.Prompts.Single();
        Assert.Equal(("ada", "admin", "fake-model", "Hi"), (asked.Character, asked.Subject, asked.Model, asked.Messages.Single().Content));
        var sent = gateway.Node.Requests.Single().Json;
        Assert.Equal("fake-model", sent.GetProperty("model").GetString());
        Assert.Equal("You are Ada. «Ä\"\\", sent.GetProperty("messages")[0].GetProperty("content").GetString());
        Assert.Equal("ses_1", response.Headers.GetValues("X-Comox-Session").Single());
        Assert.Equal("/memory/receipts/rcp_1", response.Headers.GetValues("X-Comox-Receipt").Single());
        Assert.Contains("fake", text);

        var (session, turn, reply) = await gateway.Memory.NextReplyAsync();
        Assert.Equal(("ses_1", "trn_1"), (session, turn));
        Assert.Equal(("Hello from the fake.", "stop", "fake-model", "rcp_1"), (reply.Content, reply.FinishReason, reply.Model, reply.Receipt));
    }

    [Theory]
    [InlineData("", 64)]
    [InlineData(""","max_tokens":10""", 10)]
    [InlineData(""","max_completion_tokens":5000""", 64)]
    public async Task A_reply_is_never_longer_than_the_prompt_leaves_room_for(string more, int expected)
    {
        await using var gateway = await StartAsync();

        using var response = await gateway.SendAsync(Chat.CharacterWhole[..^1] + more + "}");

        var sent = (await gateway.Node.NextRequestAsync()).Json;
        Assert.Equal(expected, sent.GetProperty("max_tokens").GetInt32());
        Assert.All(sent.EnumerateObject().Where(field => field.Name == "max_completion_tokens"), field => Assert.Equal(expected, field.Value.GetInt32()));
    }

    [Theory]
    [InlineData("", 0.2)]
    [InlineData(""","temperature":null""", 0.2)]
    [InlineData(""","temperature":0.9""", 0.9)]
    public async Task The_models_own_temperature_is_used_where_the_client_names_none(string more, double expected)
    {
        await using var gateway = await StartAsync();
        var engine = FakeNode.Engine();
        gateway.Node.Status = FakeNode.With("n", engine with { Model = engine.Model! with { Profile = engine.Model.Profile with { Temperature = 0.2 } } });
        await gateway.KnowsAsync(fleet => fleet.Pools.Any(pool => pool.Ready.Any(backend => backend.Model.Profile.Temperature is not null)));

        using var response = await gateway.SendAsync(Chat.CharacterWhole[..^1] + more + "}");

        Assert.Equal(expected, (await gateway.Node.NextRequestAsync()).Json.GetProperty("temperature").GetDouble());
    }

    [Fact]
    public async Task The_user_field_names_the_subject_and_the_header_the_session()
    {
        await using var gateway = await StartAsync();

        using var response = await gateway.SendAsync(Chat.CharacterWhole[..^1] + ""","user":"mara"}""", session: "ses_known");

        var asked = gateway.Memory.Prompts.Single();
        Assert.Equal(("mara", "ses_known"), (asked.Subject, asked.Session));
        Assert.Equal("ses_known", response.Headers.GetValues("X-Comox-Session").Single());
    }

    [Fact]
    public async Task People_whom_two_callers_name_alike_are_two()
    {
        var (shop, game) = ("sk-shop-of-the-tests", "sk-game-of-the-tests");
        await using var gateway = await StartAsync(settings: [("Keys:0:Name", "shop"), ("Keys:0:Key", shop), ("Keys:1:Name", "game"), ("Keys:1:Key", game)]);
        foreach (var (key, user) in new[] { (shop, "17"), (game, "17"), (game, "admin") })
        {
            using var client = gateway.Service.CreateClient(key);
            using var response = await client.PostAsync("/v1/chat/completions", new StringContent($$"""{{Chat.CharacterWhole[..^1]}},"user":"{{user}}"}""", Encoding.UTF8, "application/json"));
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        }

        Assert.Equal(["shop:17", "game:17", "game:admin"], gateway.Memory.Prompts.Select(prompt => prompt.Subject));
    }

    [Theory]
    [InlineData("whole", true)]
    [InlineData(null, false)]
    public async Task The_transcript_header_says_that_the_messages_are_all_there_is(string? transcript, bool expected)
    {
        await using var gateway = await StartAsync();

        using var response = await gateway.SendAsync(Chat.CharacterWhole, session: "ses_known", transcript: transcript);

        Assert.Equal(expected, gateway.Memory.Prompts.Single().WholeTranscript);
    }

    [Fact]
    public async Task A_subject_that_is_too_long_is_refused()
    {
        await using var gateway = await StartAsync();

        var error = await (await gateway.SendAsync($$"""{{Chat.CharacterWhole[..^1]}},"user":"{{new string('m', 257)}}"}""")).ErrorAsync();

        Assert.Equal((400, ErrorCodes.InvalidRequest), (error.Status, error.Code));
    }

    [Fact]
    public async Task Parts_of_text_are_joined_and_the_whole_transcript_is_handed_on()
    {
        await using var gateway = await StartAsync();
        const string messages = """
            [{"role":"system","content":"S"},{"content":[{"type":"text","text":"one"},{"text":"t\u0077o","type":"text"}],"role":"user","name":"x"},
             {"role":"assistant","content":null,"tool_calls":[{"id":"1"}]},{"role":"user","content":"last"}]
            """;

        using var response = await gateway.SendAsync($$"""{"messages":{{messages}},"model":"character/ada"}""");

        Assert.Equal(
            [("system", "S"), ("user", "one\ntwo"), ("assistant", ""), ("user", "last")], gateway.Memory.Prompts.Single().Messages.Select(message => (message.Role, message.Content)));
    }

    [Theory]
    [InlineData("""[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:x"}}]}]""", "unsupported_content", "messages[0].content[0]")]
    [InlineData("""[{"role":"user","content":[{"type":"text","text":"x"},{}]}]""", "unsupported_content", "messages[0].content[1]")]
    [InlineData("""[{"role":"user","content":"x"},{"role":"assistant","content":null,"tool_calls":[{"id":"1"}]},{"role":"tool","content":"y","tool_call_id":"1"}]""", "unsupported_content", "messages[2]")]
    [InlineData("""[{"role":"user","content":7}]""", "invalid_request", "messages[0].content")]
    [InlineData("""[{"role":"narrator","content":"x"}]""", "invalid_request", "messages[0].role")]
    [InlineData("""[{"role":"user","content":"x"},{"content":"x"}]""", "invalid_request", "messages[1].role")]
    [InlineData("""[{"role":"user","content":"\udc00"}]""", "invalid_request", "messages")]
    public async Task A_message_that_memory_cannot_keep_is_refused(string messages, string code, string param)
    {
        await using var gateway = await StartAsync();

        using var response = await gateway.SendAsync($$"""{"model":"character/ada","messages":{{messages}}}""");

        var error = (await response.JsonAsync()).GetProperty("error");
        Assert.Equal((HttpStatusCode.BadRequest, code, param), (response.StatusCode, error.GetProperty("code").GetString(), error.GetProperty("param").GetString()));
        Assert.Empty(gateway.Memory.Prompts);
    }

    [Fact]
    public async Task An_image_for_a_plain_model_is_the_engines_business()
    {
        await using var gateway = await StartAsync();

        using var response = await gateway.SendAsync("""{"model":"fake-model","messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:x"}}]}]}""");

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Theory]
    [InlineData("character/nobody", null, "model_not_found")]
    [InlineData("character/", null, "model_not_found")]
    [InlineData("character/ada", "other_1", "session_not_found")]
    public async Task What_memory_does_not_know_is_a_404(string model, string? session, string code)
    {
        await using var gateway = await StartAsync();

        using var response = await gateway.SendAsync($$"""{"model":"{{model}}","messages":[{"role":"user","content":"Hi"}]}""", session);

        var error = await response.ErrorAsync();
        Assert.Equal((404, code), (error.Status, error.Code));
        Assert.Empty(gateway.Node.Requests);
    }

    [Theory]
    [InlineData("ses 1")]
    [InlineData("../x")]
    public async Task A_session_header_that_is_no_id_is_refused(string session)
    {
        await using var gateway = await StartAsync();

        var error = await (await gateway.SendAsync(Chat.CharacterWhole, session)).ErrorAsync();

        Assert.Equal((400, ErrorCodes.InvalidRequest), (error.Status, error.Code));
    }

    [Fact]
    public async Task Without_memory_a_character_does_not_speak_but_plain_models_do()
    {
        await using var gateway = await StartAsync(settings: ("RecallTimeout", "00:00:00.300"));
        gateway.Memory.Failure = new ApiError(503, ErrorCodes.StorageFailed, "down");

        var error = await (await gateway.SendAsync(Chat.CharacterStreamed)).ErrorAsync();
        using var plain = await gateway.SendAsync(Chat.Whole);

        Assert.Equal((503, ErrorCodes.MemoryUnavailable), (error.Status, error.Code));
        Assert.Equal(HttpStatusCode.OK, plain.StatusCode);
        Assert.Single(gateway.Node.Requests);
    }

    [Fact]
    public async Task Memory_may_take_as_long_as_the_setting_says_and_no_other_limit_is_shorter()
    {
        await using var gateway = await GatewayUnderTest.StartAsync(
            change: builder => builder.Services.ConfigureAll<HttpStandardResilienceOptions>(handler => handler.AttemptTimeout.Timeout = TimeSpan.FromMilliseconds(100)),
            settings: ("RecallTimeout", "00:01:00"));
        gateway.Memory.PromptGate = FakeMemory.Closed();
        var sent = gateway.SendAsync(Chat.CharacterWhole);
        await Eventually.IsTrueAsync(() => !gateway.Memory.Prompts.IsEmpty, "memory is asked");
        var began = TimeProvider.System.GetTimestamp();
        await Eventually.IsTrueAsync(() => sent.IsCompleted || TimeProvider.System.GetElapsedTime(began) > TimeSpan.FromSeconds(1), "a shorter limit would be over");
        gateway.Memory.PromptGate.SetResult();

        using var response = await sent;
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Single(gateway.Memory.Prompts);
    }

    [Theory]
    [InlineData(6000, 1421, 1421)]
    [InlineData(90, 3300, 3391)]
    [InlineData(60000, 1024, 1024)]
    public async Task Tools_take_room_of_a_reply_that_is_longer_than_what_is_kept_free_for_one(int bytes, int least, int most)
    {
        await using var gateway = await StartAsync();
        gateway.Memory.MaxReplyTokens = 3421;
        const string before = """[{"type":"function","function":{"name":"look","description":" """;
        const string after = "\"}}]";
        var tool = before + new string('d', bytes - before.Length - after.Length) + after;
        using var response = await gateway.SendAsync(Chat.CharacterWhole[..^1] + $$""","max_tokens":4096,"tools":{{tool}}}""");
        Assert.InRange(gateway.Node.Requests.Single().Json.GetProperty("max_tokens").GetInt32(), least, most);
    }

    [Fact]
    public async Task What_is_asked_again_while_it_is_being_answered_is_another_conversation_and_afterwards_it_is_a_repeat()
    {
        await using var gateway = await StartAsync();
        gateway.Memory.PromptGate = FakeMemory.Closed();
        var first = gateway.SendAsync(Chat.CharacterWhole);
        await Eventually.IsTrueAsync(() => gateway.Memory.Prompts.Count == 1, "the first is with memory");
        var others = new[] { gateway.SendAsync(Chat.CharacterWhole), gateway.SendAsync(Chat.CharacterWhole.Replace("Hi", "Ho", StringComparison.Ordinal)), gateway.SendAsync(Chat.CharacterWhole, "ses_7") };
        await Eventually.IsTrueAsync(() => gateway.Memory.Prompts.Count == 3, "all but the one that waits for the first are with memory");
        gateway.Memory.PromptGate.SetResult();
        foreach (var sent in others.Prepend(first))
        {
            using var response = await sent;
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            await response.Content.ReadAsStringAsync();
        }

        using var again = await gateway.SendAsync(Chat.CharacterWhole);
        Assert.Equal(
            ["Hi  False", "Hi  False", "Hi  True", "Hi ses_7 False", "Ho  False"],
            gateway.Memory.Prompts.Select(prompt => $"{prompt.Messages.Single().Content} {prompt.Session} {prompt.IsAnother}").Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_person_that_memory_does_not_take_is_told_of_by_the_name_of_the_clients_field()
    {
        await using var gateway = await StartAsync();
        gateway.Memory.Failure = new ApiError(400, ErrorCodes.InvalidRequest, "subject has 230 characters; 200 are the most.", "subject");
        using var response = await gateway.SendAsync(Chat.CharacterWhole);
        var error = JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement.GetProperty("error");
        Assert.Equal((400, "user"), ((int)response.StatusCode, error.GetProperty("param").GetString()));
        Assert.Contains("200 are the most", error.GetProperty("message").GetString());
    }

    [Fact]
    public async Task An_engines_error_still_names_the_session_that_holds_the_turn()
    {
        await using var gateway = await StartAsync(new() { FailWithStatus = 500 });

        using var response = await gateway.SendAsync(Chat.CharacterStreamed);

        Assert.Equal(HttpStatusCode.InternalServerError, response.StatusCode);
        Assert.Equal("ses_1", response.Headers.GetValues("X-Comox-Session").Single());
    }

    [Fact]
    public async Task Reasoning_and_other_choices_are_not_what_the_character_said()
    {
        string[] events =
        [
            """data: {"choices":[{"index":0,"delta":{"role":"assistant","content":null}}]}""",
            """data: {"choices":[{"index":0,"delta":{"reasoning_content":"Hmm."}}]}""",
            """data: {"choices":[{"delta":{"content":"other"},"index":1}]}""",
            """data: {"choices":[{"delta":{"content":"H\u0069 \ud83d\ude00"},"index":0,"finish_reason":null}]}""",
            """data: {"choices":[{"delta":{"content":"!"},"index":0,"finish_reason":"length"}]}""",
            """data: {"choices":[{"delta":{},"index":1,"finish_reason":"stop"}]}""",
            "data: [DONE]",
        ];
        await using var gateway = await StartAsync(new() { RawEvents = events });

        using var response = await gateway.SendAsync(Chat.CharacterStreamed[..^1] + ""","n":2}""");
        var stream = await response.Content.ReadAsStringAsync();

        Assert.Equal(string.Join("\n\n", events) + "\n\n", stream);
        var (_, _, reply) = await gateway.Memory.NextReplyAsync();
        Assert.Equal(("Hi 😀!", "length"), (reply.Content, reply.FinishReason));
    }

    [Fact]
    public async Task The_default_model_speaks_for_characters()
    {
        await using var gateway = await StartAsync(settings: ("DefaultModel", "second"));
        gateway.Node.Status = FakeBackend.FakeNode.With("n", FakeBackend.FakeNode.Engine("first", id: "a"), FakeBackend.FakeNode.Engine("second", id: "b"));
        await gateway.KnowsAsync(fleet => fleet.Find("second") is not null);

        using var response = await gateway.SendAsync(Chat.CharacterStreamed);

        var request = await gateway.Node.NextRequestAsync();
        Assert.Equal("second", request.Json.GetProperty("model").GetString());
        Assert.StartsWith("/node/engines/b/", request.Path);
        Assert.Equal(JsonValueKind.Array, request.Json.GetProperty("messages").ValueKind);
    }
}

public sealed class PortableCharacterTests() : CharacterTests(RelayOptions.Portable);

public sealed class LinuxCharacterTests() : CharacterTests(RelayOptions.Linux);
