using System.Text;
using System.Text.Json;
using BenchmarkDotNet.Attributes;
using Comox.Gateway;
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

namespace Comox.Benchmarks;

/// <summary>From the bytes of a chat request to the pieces that the engine is sent.</summary>
public class RequestBenchmarks
{
    private static readonly ModelRoute Route = new("m", PromptProfile.Standard, null);

    private static readonly Backend Engine =
        new BackendFactory(new("Bearer", "key"), new BackendLoads(new LoadOptions(), TimeProvider.System), new BackendCircuits(new CircuitOptions(), new Dice(1), TimeProvider.System))
            .Of("m", "local", new BackendOptions { Name = "engine", Kind = BackendKinds.LlamaCpp, Url = "http://127.0.0.1:1/v1" });
    private static readonly DefaultHttpContext Http = new();

    private byte[] _body = [];
    private RecalledPrompt _recalled = null!;

    [Params(1, 256)]
    public int KiB { get; set; }

    [GlobalSetup]
    public void Write()
    {
        var messages = new List<string>();
        var length = 0;
        while (length < (KiB * 1024) - 200)
        {
            var text = $"Message {messages.Count}: the sea was grey that day, and \\\"nobody\\\" had seen the lantern since the storm.\\n\\u00c9lise laughed.";
            messages.Add($$"""{"role":"{{(messages.Count % 2 == 0 ? "user" : "assistant")}}","content":"{{text}}"}""");
            length += messages[^1].Length + 1;
        }

        _body = Encoding.UTF8.GetBytes($$"""{"model":"m","messages":[{{string.Join(',', messages)}}],"temperature":0.7,"stream":true,"max_tokens":256,"stop":["\n"],"user":"mara"}""");
        _recalled = new RecalledPrompt("ses_1", "trn_1", "rcp_1", [.. Enumerable.Range(0, 12).Select(at => new ChatMessage(at % 2 == 0 ? "user" : "assistant", new string('x', 200)))], 256);
    }

    [Benchmark(Baseline = true)]
    public int Read() => Request().ClosingBrace;

    [Benchmark(Description = "Read and splice, plain model")]
    public int ReadAndSplice() => EngineRequest.Splice(new Exchange(Http, Request(), "req_1", TimeProvider.System, CancellationToken.None) { Route = Route }, Engine).Pieces().Count;

    [Benchmark(Description = "Read and splice, character")]
    public int ReadAndSpliceCharacter() => EngineRequest.Splice(new Exchange(Http, Request(), "req_1", TimeProvider.System, CancellationToken.None) { Route = Route, Recalled = _recalled }, Engine).Pieces().Count;

    /// <summary>What memory is sent; only a character needs it.</summary>
    [Benchmark(Description = "Read the transcript")]
    public int ReadTranscript() => TranscriptReader.Read(Request().Messages.Span, out var transcript) is null ? transcript.Count : throw new InvalidOperationException("The body of this benchmark is refused.");

    [Benchmark(Description = "Parse a DOM and write it")]
    public int ParseDom()
    {
        using var body = JsonDocument.Parse(_body);
        return JsonSerializer.SerializeToUtf8Bytes(body.RootElement).Length;
    }

    private ChatCompletionRequest Request() =>
        ChatRequestReader.Read(_body, out var request) is { } error ? throw new InvalidOperationException(error.Message) : request!;
}
