using System.Net.Http.Headers;
using Comox.ServiceDefaults;
using Comox.ServiceDefaults.Clients;
using Comox.ServiceDefaults.Contracts.Memory;
using Comox.ServiceDefaults.Contracts.Nodes;
using Comox.ServiceDefaults.Contracts.OpenAI;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;

namespace Comox.Memory.Tests;

/// <summary>The real module on a real Kestrel, with a data folder of its own.</summary>
public sealed class MemoryHost : IAsyncDisposable
{
    public const string Key = "test-service-key-0123456789";

    private readonly string? _ownedHome;
    private readonly Func<Task>? _dropDatabase;
    private readonly WebApplication _app;

    private MemoryHost(WebApplication app, string home, string? ownedHome, Func<Task>? dropDatabase)
    {
        (_app, Home, _ownedHome, _dropDatabase) = (app, home, ownedHome, dropDatabase);
        Http = new HttpClient { BaseAddress = new Uri(app.Urls.Single()) };
        Http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Key);
        Client = new MemoryClient(Http);
    }

    public string Home { get; }
    public HttpClient Http { get; }
    public MemoryClient Client { get; }
    public IServiceProvider Services => _app.Services;

    /// <param name="home">A data folder that outlives the host; null: a new one that goes with it.</param>
    /// <param name="database">A PostgreSQL database; null: SQLite in the data folder.</param>
    /// <param name="settings">Further settings.</param>
    /// <param name="time">The clock; null: the real one.</param>
    public static async Task<MemoryHost> StartAsync(
        string? home = null, TestDatabase? database = null, Dictionary<string, string?>? settings = null, TimeProvider? time = null)
    {
        var folder = home ?? Directory.CreateTempSubdirectory("comox-memory-").FullName;
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { EnvironmentName = "Production", ContentRootPath = folder });
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            [ComoxHome.Setting] = folder,
            [ServiceAuthentication.ServiceKeySetting] = Key,
            ["urls"] = "http://127.0.0.1:0",
            ["ConnectionStrings:comoxdb"] = database?.ConnectionString,
        });
        builder.Configuration.AddInMemoryCollection(settings ?? []);
        builder.Logging.ClearProviders();
        if (time is not null)
            builder.Services.AddSingleton(time);
        builder.AddMemory();
        if (time is not null)
            builder.Services.Replace(ServiceDescriptor.Singleton(time));
        var app = builder.Build();
        app.MapHealthEndpoints();
        app.MapMemory();
        try
        {
            await app.StartAsync(TestContext.Current.CancellationToken);
        }
        catch
        {
            await app.DisposeAsync();
            if (home is null)
                Directory.Delete(folder, recursive: true);
            throw;
        }

        return new MemoryHost(app, folder, home is null ? folder : null, database is null ? null : database.DropAsync);
    }

    /// <summary>Says something and expects an answer.</summary>
    public async Task<SuperPromptResponse> SayAsync(string text, string? session = null, string character = "brine", string subject = "mara", PromptProfile? profile = null)
    {
        var answer = await AskAsync([new ChatMessage("user", text)], session, character, subject, profile);
        Assert.True(answer.IsSuccess, answer.Error?.Message);
        return answer.Value;
    }

    /// <summary>Says something, and records a reply to it.</summary>
    public async Task<SuperPromptResponse> ExchangeAsync(string text, string reply, string? session = null, string character = "brine", string subject = "mara")
    {
        var answer = await SayAsync(text, session, character, subject);
        await ReplyAsync(answer, reply);
        return answer;
    }

    public Task<ApiResult<SuperPromptResponse>> AskAsync(
        IReadOnlyList<ChatMessage> messages, string? session = null, string character = "brine", string subject = "mara", PromptProfile? profile = null, string? requestId = null,
        bool whole = false) =>
        Client.AssembleAsync(
            new SuperPromptRequest
            {
                RequestId = requestId ?? Ids.New("req", TimeProvider.System),
                Character = character,
                Subject = subject,
                Session = session,
                Messages = messages,
                WholeTranscript = whole,
                Model = "keepsake",
                Profile = profile ?? PromptProfile.Standard,
            },
            TestContext.Current.CancellationToken);

    public async Task<SessionTurn> ReplyAsync(SuperPromptResponse to, string text, string finish = "stop")
    {
        var recorded = await Client.RecordReplyAsync(
            to.Session, to.ReplyTurn, new RecordedReply { Content = text, FinishReason = finish, Model = "keepsake", Receipt = to.Receipt }, TestContext.Current.CancellationToken);
        Assert.True(recorded.IsSuccess, recorded.Error?.Message);
        return recorded.Value;
    }

    public async Task<Receipt> ReceiptAsync(SuperPromptResponse of)
    {
        var receipt = await Client.GetReceiptAsync(of.Receipt, TestContext.Current.CancellationToken);
        Assert.True(receipt.IsSuccess, receipt.Error?.Message);
        return receipt.Value;
    }

    /// <summary>The current line as "user: …", "assistant: …".</summary>
    public async Task<IReadOnlyList<string>> LineAsync(string session)
    {
        var details = await Client.GetSessionAsync(session, TestContext.Current.CancellationToken);
        Assert.True(details.IsSuccess, details.Error?.Message);
        return [.. details.Value.Turns.Select(turn => $"{turn.Role}: {turn.Content}")];
    }

    public async Task<IReadOnlyList<FactView>> FactsAsync(string subject = "mara", string? character = null)
    {
        var facts = await Client.ListFactsAsync(subject, character, TestContext.Current.CancellationToken);
        Assert.True(facts.IsSuccess, facts.Error?.Message);
        return facts.Value.Data;
    }

    /// <summary>Until the work in the background has nothing left to do.</summary>
    public async Task SettledAsync(string? worker = null)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        patience.CancelAfter(TimeSpan.FromSeconds(60));
        using var look = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        while ((await Client.GetStatusAsync(patience.Token)).Value!.Workers.Any(status => status.Enabled && (worker is null || status.Name == worker) && status.EventsBehind > 0))
            await look.WaitForNextTickAsync(patience.Token);
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await _app.DisposeAsync();
        if (_dropDatabase is not null)
            await _dropDatabase();
        if (_ownedHome is not null)
        {
            Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
            Directory.Delete(_ownedHome, recursive: true);
        }
    }
}
