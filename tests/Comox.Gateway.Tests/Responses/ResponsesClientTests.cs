using System.Buffers;
using System.ClientModel;
using System.ClientModel.Primitives;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Comox.Gateway.Forwarding;
using Comox.Gateway.OpenAI.Responses;
using Comox.ServiceDefaults;
using OpenAI;
using OpenAI.Responses;
using static Comox.Gateway.Tests.Responses.ResponseStream;
using ResponseItem = OpenAI.Responses.ResponseItem;

#pragma warning disable OPENAI001 // The package calls its Responses client experimental.

namespace Comox.Gateway.Tests.Responses;

/// <summary>OpenAI's own .NET client, unchanged, between our reading of its request and our writing of its answer.</summary>
public sealed class ResponsesClientTests
{
    private static readonly string[] Chunks =
    [
        Delta("""{"reasoning_content":"Hmm."}"""), Text("Let me "), Text("see."), Delta("""{"tool_calls":[{"index":0,"id":"call_a","function":{"name":"look","arguments":"{\"at\":"}}]}"""),
        Delta("""{"tool_calls":[{"index":0,"function":{"arguments":"1}"}}]}"""), Delta("{}", "tool_calls"),
        """{"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":5,"prompt_tokens_details":{"cached_tokens":4},"completion_tokens_details":{"reasoning_tokens":2}}}""",
    ];

    [Fact]
    public async Task The_official_client_reads_a_stream_to_its_end()
    {
        using var wire = new Wire(Chunks);
        var (text, arguments, items, last) = ("", "", new List<ResponseItem>(), default(StreamingResponseUpdate));

        await foreach (var update in await ClientOf(wire).CreateResponseStreamingAsync(Request(streamed: true)))
        {
            last = update;
            text += (update as StreamingResponseOutputTextDeltaUpdate)?.Delta;
            arguments += (update as StreamingResponseFunctionCallArgumentsDeltaUpdate)?.Delta;
            if (update is StreamingResponseOutputItemDoneUpdate done)
                items.Add(done.Item);
        }

        var response = Assert.IsType<StreamingResponseCompletedUpdate>(last).Response;
        Assert.Equal(("Let me see.", "{\"at\":1}"), (text, arguments));
        Assert.Collection(
            items,
            item => Assert.Equal("rs_0193_0", Assert.IsType<ReasoningResponseItem>(item).Id),
            item => Assert.Equal("Let me see.", Assert.IsAssignableFrom<MessageResponseItem>(item).Content.Single().Text),
            item => Assert.Equal("look", Assert.IsType<FunctionCallResponseItem>(item).FunctionName));
        AssertWhole(response);
    }

    [Fact]
    public async Task The_official_client_reads_a_whole_answer()
    {
        using var wire = new Wire(Chunks);
        AssertWhole(await ClientOf(wire).CreateResponseAsync(Request(streamed: false)));
    }

    [Fact]
    public async Task What_the_official_client_sends_becomes_a_chat()
    {
        using var wire = new Wire(Chunks);
        var request = Request(streamed: true);
        request.InputItems.Add(ResponseItem.CreateFunctionCallItem("call_0", "look", BinaryData.FromString("{}")));
        request.InputItems.Add(ResponseItem.CreateFunctionCallOutputItem("call_0", "dark"));

        await foreach (var _ in await ClientOf(wire).CreateResponseStreamingAsync(request))
        {
        }

        var chat = System.Text.Json.JsonDocument.Parse(wire.Chat).RootElement;
        Assert.Equal(["system", "user", "assistant", "tool"], chat.GetProperty("messages").EnumerateArray().Select(message => message.GetProperty("role").GetString()));
        Assert.Equal("Hi", chat.GetProperty("messages")[1].GetProperty("content").GetString());
        Assert.Equal("look", chat.GetProperty("tools")[0].GetProperty("function").GetProperty("name").GetString());
        Assert.Equal(("look", 9), (chat.GetProperty("messages")[2].GetProperty("tool_calls")[0].GetProperty("function").GetProperty("name").GetString(), chat.GetProperty("max_completion_tokens").GetInt32()));
        Assert.True(chat.GetProperty("stream_options").GetProperty("include_usage").GetBoolean());
    }

    [Fact]
    public async Task The_official_client_hears_of_a_stream_that_broke()
    {
        using var wire = new Wire([Text("Half a")]) { Error = new ApiError(502, "upstream_error", "The engine broke off.") };
        var updates = new List<StreamingResponseUpdate>();

        await foreach (var update in await ClientOf(wire).CreateResponseStreamingAsync(Request(streamed: true)))
            updates.Add(update);

        Assert.Equal("The engine broke off.", Assert.IsType<StreamingResponseErrorUpdate>(updates[^2]).Message);
        Assert.Equal("The engine broke off.", Assert.IsType<StreamingResponseFailedUpdate>(updates[^1]).Response.Error.Message);
    }

    private static void AssertWhole(ResponseResult response)
    {
        Assert.Equal((ResponseStream.Id, ResponseStatus.Completed, "Let me see."), (response.Id, response.Status, response.GetOutputText()));
        Assert.Equal((9, 4, 5, 2, 14), (response.Usage.InputTokenCount, response.Usage.InputTokenDetails.CachedTokenCount, response.Usage.OutputTokenCount, response.Usage.OutputTokenDetails.ReasoningTokenCount, response.Usage.TotalTokenCount));
        var call = Assert.Single(response.OutputItems.OfType<FunctionCallResponseItem>());
        Assert.Equal(("call_a", "look", "{\"at\":1}"), (call.CallId, call.FunctionName, call.FunctionArguments.ToString()));
        Assert.Equal("look", Assert.IsType<FunctionTool>(Assert.Single(response.Tools)).FunctionName);
    }

    private static CreateResponseOptions Request(bool streamed)
    {
        var options = new CreateResponseOptions { Model = "m", Instructions = "Be brief.", MaxOutputTokenCount = 9, StreamingEnabled = streamed };
        options.InputItems.Add(ResponseItem.CreateUserMessageItem("Hi"));
        options.Tools.Add(ResponseTool.CreateFunctionTool("look", BinaryData.FromString("""{"type":"object"}"""), strictModeEnabled: null));
        return options;
    }

    private static ResponsesClient ClientOf(Wire wire) =>
        new OpenAIClient(new ApiKeyCredential("key"), new OpenAIClientOptions { Transport = new HttpClientPipelineTransport(new HttpClient(wire)) }).GetResponsesClient();

    /// <summary>The gateway without the network: the client's request is read, and the engine's chunks are answered with.</summary>
    private sealed class Wire(string[] chunks) : HttpMessageHandler
    {
        public ApiError? Error { get; init; }
        public ReadOnlyMemory<byte> Chat { get; private set; }

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage message, CancellationToken cancellationToken)
        {
            Assert.Equal("/v1/responses", message.RequestUri!.AbsolutePath);
            var request = ResponsesRequestTests.Read(await message.Content!.ReadAsStringAsync(cancellationToken));
            Chat = request.ChatBody;

            var dialect = new ResponsesDialect(request.Echo, ResponseStream.Id, Created);
            var output = new ArrayBufferWriter<byte>();
            var fold = new CompletionFold();
            foreach (var chunk in chunks.Select(Encoding.UTF8.GetBytes))
            {
                if (request.Stream)
                    dialect.WriteChunk(chunk, output);
                else
                    fold.Add(chunk);
            }

            if (!request.Stream)
                dialect.WriteWhole(fold.ToUtf8Json(), output);
            else if (Error is { } error)
                dialect.WriteStreamError(error.ToBody().Error, output);
            else
                dialect.WriteEnd(output);
            return new HttpResponseMessage(HttpStatusCode.OK)
            {
                Content = new ByteArrayContent(output.WrittenSpan.ToArray()) { Headers = { ContentType = new MediaTypeHeaderValue(request.Stream ? "text/event-stream" : "application/json") } },
            };
        }

        // The client's pipeline buffers an unstreamed answer with the synchronous call.
        protected override HttpResponseMessage Send(HttpRequestMessage message, CancellationToken cancellationToken) => SendAsync(message, cancellationToken).GetAwaiter().GetResult();
    }
}
