using System.ClientModel;
using System.ClientModel.Primitives;
using System.Text.Json;
using Anthropic;
using Comox.FakeBackend;
using OpenAI;

namespace Comox.Gateway.Tests.Sdk;

/// <summary>The gateway as a vendor's unchanged client is pointed at it: its address and a key, nothing else. No client retries, so that each fault shows.</summary>
internal sealed class SdkGateway(GatewayUnderTest gateway) : IAsyncDisposable
{
    public const string Model = "fake-model";

    /// <summary>Answers with a call until it sees the function's result, then with what was found.</summary>
    public static readonly FakeScript CallsTheWeather = new() { Tokens = [], ToolCalls = [new("call_1", "get_weather", """{"city":"Århus"}""")] };

    public FakeBackendServer Engine => gateway.Node;

    public Uri Address => gateway.Service.Address;

    /// <summary>What the engine was asked last.</summary>
    public JsonElement LastRequest => Engine.Requests.Last().Json;

    public OpenAIClient OpenAI { get; } = new(
        new ApiKeyCredential(TestService.AdminKey),
        new OpenAIClientOptions { Endpoint = new Uri(gateway.Service.Address, "v1"), RetryPolicy = new ClientRetryPolicy(0) });

    public AnthropicClient Anthropic { get; } = new() { ApiKey = TestService.AdminKey, BaseUrl = gateway.Service.Address.ToString().TrimEnd('/'), MaxRetries = 0 };

    public static async Task<SdkGateway> StartAsync(FakeScript? script = null, params (string Key, string Value)[] settings) =>
        new(await GatewayUnderTest.StartAsync(script, settings: settings));

    /// <summary>An engine that wants a function called and, with its result in the conversation, says "It rains." whatever API asked.</summary>
    public static async Task<SdkGateway> StartWithToolsAsync()
    {
        var gateway = await StartAsync();
        gateway.Engine.Choose = request => HasToolResult(request) ? new FakeScript { Tokens = ["It", " rains."] } : CallsTheWeather;
        return gateway;
    }

    public ValueTask DisposeAsync()
    {
        Anthropic.Dispose();
        return gateway.DisposeAsync();
    }

    private static bool HasToolResult(JsonElement request) =>
        request.GetProperty("messages").EnumerateArray().Any(message => message.GetProperty("role").GetString() == "tool");
}
