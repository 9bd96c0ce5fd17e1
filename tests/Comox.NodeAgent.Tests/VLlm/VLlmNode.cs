using System.Globalization;
using System.Text;
using Comox.FakeBackend.Vllm;
using Comox.NodeAgent.Engines;
using Comox.NodeAgent.Hardware.Gpus;
using Comox.ServiceDefaults.Contracts.Nodes;
using Microsoft.Extensions.DependencyInjection;

namespace Comox.NodeAgent.Tests.VLlm;

/// <summary>A node with cards that are played by files, and a <c>vllm</c> that is played by a process.</summary>
[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
internal sealed class VLlmNode : IAsyncDisposable
{
    public const long CardBytes = 24L << 30;

    private VLlmNode(string folder, RunningAgent agent) => (Folder, Agent) = (folder, agent);

    public string Folder { get; }
    public RunningAgent Agent { get; }

    /// <summary>Settings for models in a new folder; the rest is the test's.</summary>
    public static string NewFolder(int cards = 1)
    {
        var folder = Directory.CreateTempSubdirectory("comox-vllm-").FullName;
        Directory.CreateDirectory(Cards(folder));
        for (var card = 0; card < cards; card++)
            File.WriteAllText(Path.Combine(Cards(folder), string.Create(CultureInfo.InvariantCulture, $"card{card}.total")), CardBytes.ToString(CultureInfo.InvariantCulture));
        return folder;
    }

    /// <summary>The program <c>vllm</c>: the stand-in, with what is to be wrong with it.</summary>
    public static string Program(string folder, string faults = "")
    {
        var program = Path.Combine(folder, "vllm");
        var dotnet = Environment.ProcessPath is { } path && Path.GetFileNameWithoutExtension(path) == "dotnet" ? path : "dotnet";
        File.WriteAllText(program, $"#!/bin/sh\nexport FAKE_CARDS='{Cards(folder)}' FAKE_VLLM='{faults}'\nexec {dotnet} exec '{typeof(FakeVllm).Assembly.Location}' vllm \"$@\"\n");
        File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return program;
    }

    public static async Task<VLlmNode> StartAsync(string folder, Dictionary<string, string?> settings, string faults = "", string capability = "8.6", string? home = null)
    {
        var all = new Dictionary<string, string?>
        {
            ["Comox:NodeAgent:VllmPath"] = Program(folder, faults),
            ["Comox:NodeAgent:Swapping:MinResidency"] = "00:00:00",
        };
        foreach (var (key, value) in settings)
            all[key] = value;
        var agent = await RunningAgent.StartAsync(all, home: home, services: services => services.AddSingleton<IGpuSource>(new FileCards(Cards(folder), capability)));
        return new VLlmNode(folder, agent);
    }

    public EngineStatus Status(string id) => Agent.Services.GetRequiredService<EngineRegistry>().Find(id)!.Status;

    public Uri Address(string id) => Agent.Services.GetRequiredService<EngineRegistry>().Find(id)!.Endpoint!.Address;

    public Task<EngineStatus> UntilAsync(string id, string state) => Agent.UntilAsync(id, engine => engine.State == state);

    public async Task AskAsync(string id)
    {
        await Agent.UntilAsync(id, engine => engine.State is not (EngineStates.Provisioning or EngineStates.Fetching));
        using var response = await SendAsync(id, stream: false);
        Assert.True(response.IsSuccessStatusCode, $"{(int)response.StatusCode}: {await response.Content.ReadAsStringAsync()}");
        Assert.Contains("assistant", await response.Content.ReadAsStringAsync());
    }

    public async Task<HttpResponseMessage> SendAsync(string id, bool stream, int tokens = 4)
    {
        var body = $$"""{"model":"{{id}}","stream":{{(stream ? "true" : "false")}},"max_tokens":{{tokens}},"messages":[{"role":"user","content":"Hello!"}]}""";
        using var request = new HttpRequestMessage(HttpMethod.Post, $"node/engines/{id}/proxy/v1/chat/completions") { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        return await Agent.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
    }

    /// <summary>What is taken of a card, by the processes that play vLLM.</summary>
    public long Used(int card = 0) => FakeCards.Used(Cards(Folder), card);

    public async ValueTask DisposeAsync()
    {
        await Agent.DisposeAsync();
        Directory.Delete(Folder, recursive: true);
    }

    private static string Cards(string folder) => Path.Combine(folder, "cards");

    /// <summary>NVML, as far as the agent can tell.</summary>
    private sealed class FileCards(string folder, string capability) : IGpuSource
    {
        public TimeSpan Period => TimeSpan.FromSeconds(1);

        public Task<IReadOnlyList<GpuReading>> ReadAsync(CancellationToken cancellation)
        {
            var cards = Directory.GetFiles(folder, "*.total").Length;
            return Task.FromResult<IReadOnlyList<GpuReading>>([.. Enumerable.Range(0, cards).Select(card => new GpuReading(new GpuStatus
            {
                Index = card,
                Name = "NVIDIA GeForce RTX 3090",
                Source = GpuSources.Nvml,
                Uuid = string.Create(CultureInfo.InvariantCulture, $"GPU-{card}"),
                ComputeCapability = capability,
                MemoryTotalBytes = CardBytes,
                MemoryUsedBytes = FakeCards.Used(folder, card),
                MemoryFreeBytes = CardBytes - FakeCards.Used(folder, card),
            }))]);
        }
    }
}
