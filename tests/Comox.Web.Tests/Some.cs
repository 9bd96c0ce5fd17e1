using Comox.ServiceDefaults.Contracts.Gateway;
using Comox.ServiceDefaults.Contracts.Memory;
using Comox.ServiceDefaults.Contracts.Nodes;
using Comox.ServiceDefaults.Contracts.OpenAI;

namespace Comox.Web.Tests;

/// <summary>Good examples of what the services answer.</summary>
internal static class Some
{
    public static readonly DateTimeOffset Noon = new(2026, 3, 12, 12, 0, 0, TimeSpan.Zero);

    public static CharacterDetails Character(string name, string? greeting = null) => new()
    {
        Id = $"chr_{name.ToLowerInvariant()}",
        Slug = name.ToLowerInvariant(),
        Name = name,
        Tagline = $"{name} in one line",
        IdentityVersion = 1,
        HasAvatar = false,
        CreatedAt = Noon,
        Greetings = greeting is null ? [] : [greeting],
    };

    public static SessionDetails Session(string id, CharacterSummary character, IReadOnlyList<SessionTurn> turns, string? title = null) => new()
    {
        Id = id,
        Character = character.Slug,
        CharacterName = character.Name,
        Subject = "admin",
        Title = title,
        CreatedAt = Noon,
        UpdatedAt = Noon,
        TurnCount = turns.Count,
        Turns = turns,
    };

    public static SessionTurn Turn(string id, string role, string content, string? finish = null, string? receipt = null) => new()
    {
        Id = id,
        Role = role,
        Content = content,
        CreatedAt = Noon,
        FinishReason = finish,
        Receipt = receipt,
    };

    public static NodeStatus Node(EngineStatus? engine = null, NodeHardware? hardware = null) => new()
    {
        Node = "box-1",
        Revision = 1,
        StartedAt = Noon,
        AgentVersion = "0.1.0",
        Hardware = hardware ?? new NodeHardware { OperatingSystem = "Debian GNU/Linux 12", Cpu = "EPYC", CpuCores = 2, MemoryBytes = 8_000_000_000 },
        Engines = [engine ?? Engine()],
    };

    public static NodeEntry Entry(string name, NodeStatus? status = null, string state = NodeStates.Heard, string? reason = null, double? silence = 0.05) => new()
    {
        Address = $"http://{name}:5340",
        Source = NodeSources.Settings,
        State = state,
        Reason = reason,
        SilentSeconds = silence,
        Status = (status ?? Node()) with { Node = name },
    };

    public static GpuStatus Card(int index = 0, string health = Healths.Ok, params IReadOnlyList<string> reasons) =>
        new() { Index = index, Name = "H200", Source = GpuSources.Nvml, Health = health, Reasons = reasons };

    public static NodeStatus WithCards(params IReadOnlyList<GpuStatus> cards) =>
        Node(hardware: new NodeHardware { OperatingSystem = "Linux", Gpus = [.. cards.Select(card => card.Name)], Cards = cards });

    public static BackendStatus Backend(string node, string circuit = "closed", double ramp = 1, double? openFor = null, string engine = "chat") => new()
    {
        Id = $"{node}/{engine}",
        Kind = "llama.cpp",
        Address = $"http://{node}:5340/node/engines/{engine}/proxy/v1/",
        Ready = true,
        Well = true,
        Weight = 1,
        Ramp = ramp,
        Circuit = circuit,
        OpenForSeconds = openFor,
        InFlight = 0,
        InFlightDecoding = 0,
        OutstandingPromptTokens = 0,
        OutstandingOutputTokens = 0,
        PrefillTokensPerSecond = 100,
    };

    public static EngineStatus Engine(string state = EngineStates.Ready, string reason = "Serving", double? progress = null, string? notice = null) => new()
    {
        Id = "chat",
        Kind = "llama.cpp",
        State = state,
        Since = Noon,
        Reason = reason,
        Progress = progress,
        Role = "chat",
        ProxyPath = "/node/engines/chat/proxy",
        Model = new EngineModel { Name = "keepsake", Source = ModelSources.BuiltIn, Profile = PromptProfile.Standard, Notice = notice },
    };

    public static Receipt Receipt(string id, params RecalledItem[] recalled) => new()
    {
        Id = id,
        CreatedAt = Noon,
        Session = "ses_1",
        UserTurn = "trn_1",
        ReplyTurn = "trn_2",
        Subject = "admin",
        Character = "ada",
        IdentityVersion = 1,
        Model = "keepsake",
        Profile = "keepsake",
        Messages = [new ChatMessage("system", "You are Ada."), new ChatMessage("user", "Where do I live?")],
        Budget = new ReceiptBudget(200, 90, new Dictionary<string, int> { ["identity"] = 40, ["memory"] = 30, ["history"] = 20 }),
        Recalled = recalled,
        Notes = ["2 older turns did not fit."],
    };

    public static FactView Fact(string text, string session, string quote) => new()
    {
        Id = "fct_1",
        Text = text,
        Relation = "lives_in",
        Object = "Ljubljana",
        Character = "ada",
        Source = new RecallSource(session, "t2", Noon, quote),
    };

    public static RecalledItem Recalled(string text, string quote, bool included = true) => new()
    {
        Kind = "fact",
        Id = "fct_1",
        Text = text,
        Score = 0.91,
        Lanes = new Dictionary<string, double> { ["lexical"] = 0.6, ["key"] = 0.31 },
        Included = included,
        Why = "It shares the words live and where.",
        Source = new RecallSource("ses_0", "trn_0", Noon, quote),
    };
}
