using Comox.FakeBackend;
using Comox.Gateway.Forwarding;
using Comox.Gateway.Recall;
using Comox.Gateway.Tests.Sockets;
using Comox.ServiceDefaults;
using Comox.ServiceDefaults.Clients;
using Comox.ServiceDefaults.Contracts.Memory;
using Comox.ServiceDefaults.Contracts.OpenAI;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging;

namespace Comox.Gateway.Tests;

/// <summary>A reply whose end the client has seen reaches the memory service, whatever happens.</summary>
public sealed class HandoverTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_reply_is_on_disk_before_the_client_sees_its_end(bool streamed)
    {
        await using var gateway = await GatewayUnderTest.StartAsync();
        gateway.Memory.RecordGate = FakeMemory.Closed();

        using var response = await gateway.SendAsync(streamed ? Chat.CharacterStreamed : Chat.CharacterWhole);
        await response.Content.ReadAsStringAsync();

        Assert.Equal(["Hello from the fake."], OutboxOf(gateway).Select(stored => stored.Pending.Reply.Content));
        gateway.Memory.RecordGate.SetResult();
        await gateway.Memory.NextReplyAsync();
        await Eventually.IsTrueAsync(() => OutboxOf(gateway).Count == 0, "the outbox is empty");
    }

    [Fact]
    public async Task The_finish_reason_waits_for_the_disk()
    {
        await using var gateway = await GatewayUnderTest.StartAsync(new() { OmitDone = true, HangAtEnd = true });
        gateway.Memory.RecordGate = FakeMemory.Closed();

        using var response = await gateway.SendAsync(Chat.CharacterStreamed);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
        while (await reader.ReadLineAsync() is { } line && !line.Contains("\"finish_reason\":\"stop\""))
        {
        }

        Assert.Single(OutboxOf(gateway));
    }

    [Fact]
    public async Task The_next_message_of_a_session_waits_until_the_reply_before_it_is_recorded()
    {
        await using var gateway = await GatewayUnderTest.StartAsync(settings: ("PendingReplyWait", "00:01:00"));
        gateway.Memory.RecordGate = FakeMemory.Closed();
        await (await gateway.SendAsync(Chat.CharacterStreamed, "ses_x")).Content.ReadAsStringAsync();
        await gateway.Memory.RecordAttempts.WaitAsync();

        var next = gateway.SendAsync(Chat.CharacterStreamed, "ses_x");
        using var other = await gateway.SendAsync(Chat.CharacterStreamed, "ses_y");
        Assert.Equal(["ses_x", "ses_y"], gateway.Memory.Prompts.Select(prompt => prompt.Session));
        gateway.Memory.RecordGate.SetResult();
        using var response = await next;

        Assert.Equal(["ses_x", "ses_y", "ses_x"], gateway.Memory.Prompts.Select(prompt => prompt.Session));
        Assert.True(gateway.Memory.Replies.ContainsKey("trn_1"));
    }

    [Fact]
    public async Task A_reply_that_cannot_be_recorded_holds_the_next_message_only_so_long()
    {
        await using var gateway = await GatewayUnderTest.StartAsync(settings: ("PendingReplyWait", "00:00:00.050"));
        gateway.Memory.RecordGate = FakeMemory.Closed();
        await (await gateway.SendAsync(Chat.CharacterStreamed, "ses_x")).Content.ReadAsStringAsync();

        using var response = await gateway.SendAsync(Chat.CharacterStreamed, "ses_x");

        Assert.Equal(2, gateway.Memory.Prompts.Count);
    }

    [Fact]
    public async Task Replies_of_a_session_are_recorded_in_order_and_again_until_it_works()
    {
        await using var gateway = await GatewayUnderTest.StartAsync(settings: ("PendingReplyWait", "00:00:00.001"));
        gateway.Memory.RecordGate = FakeMemory.Closed();
        for (var i = 0; i < 3; i++)
            await (await gateway.SendAsync(Chat.CharacterStreamed, "ses_x")).Content.ReadAsStringAsync();
        // A refusal that the client's own retries do not repeat: the worker's back-off has to.
        gateway.Memory.Failure = new ApiError(403, ErrorCodes.NotAllowed, "not now");
        gateway.Memory.RecordGate.SetResult();
        await Eventually.IsTrueAsync(() => gateway.Memory.Refusals >= 2, "memory has refused twice");
        gateway.Memory.Failure = null;

        string[] turns = [(await gateway.Memory.NextReplyAsync()).Turn, (await gateway.Memory.NextReplyAsync()).Turn, (await gateway.Memory.NextReplyAsync()).Turn];

        Assert.Equal(["trn_1", "trn_2", "trn_3"], turns);
    }

    [Theory]
    [InlineData(404, ErrorCodes.SessionNotFound, null)]
    [InlineData(404, ErrorCodes.NotFound, "turn")]
    [InlineData(410, ErrorCodes.TurnDeleted, "turn")]
    public async Task A_reply_that_memory_no_longer_expects_is_dropped(int status, string code, string? param)
    {
        await using var gateway = await GatewayUnderTest.StartAsync();
        gateway.Memory.RecordGate = FakeMemory.Closed();
        await (await gateway.SendAsync(Chat.CharacterStreamed, "ses_x")).Content.ReadAsStringAsync();
        await gateway.Memory.RecordAttempts.WaitAsync();
        gateway.Memory.Refuse = _ => new ApiError(status, code, "There is no such thing.", param);
        gateway.Memory.RecordGate.SetResult();

        await Eventually.IsTrueAsync(() => OutboxOf(gateway).Count == 0, "the outbox is empty");
        Assert.Empty(gateway.Memory.Replies);
    }

    [Fact]
    public async Task A_404_that_is_not_about_the_reply_keeps_it()
    {
        await using var gateway = await GatewayUnderTest.StartAsync();
        gateway.Memory.Refuse = _ => new ApiError(404, ErrorCodes.NotFound, "No such path.");
        await (await gateway.SendAsync(Chat.CharacterStreamed)).Content.ReadAsStringAsync();
        await Eventually.IsTrueAsync(() => gateway.Memory.Refusals >= 2, "memory has refused twice");
        gateway.Memory.Refuse = _ => null;

        Assert.Equal("trn_1", (await gateway.Memory.NextReplyAsync()).Turn);
    }

    [Theory]
    [InlineData(400, ErrorCodes.InvalidRequest)]
    [InlineData(409, ErrorCodes.Conflict)]
    [InlineData(413, ErrorCodes.RequestTooLarge)]
    public async Task A_reply_that_memory_refuses_is_set_aside_and_the_next_one_goes_on(int status, string code)
    {
        await using var gateway = await GatewayUnderTest.StartAsync();
        gateway.Memory.Refuse = turn => turn == "trn_1" ? new ApiError(status, code, "Never.") : null;
        for (var i = 0; i < 2; i++)
            await (await gateway.SendAsync(Chat.CharacterStreamed, "ses_x")).Content.ReadAsStringAsync();

        Assert.Equal("trn_2", (await gateway.Memory.NextReplyAsync()).Turn);
        await Eventually.IsTrueAsync(() => OutboxOf(gateway).Count == 0, "nothing is left to be delivered");
        Assert.Equal(1, gateway.Memory.Refusals);
        Assert.Equal(["trn_1", $"{status} {code}: Never."], DeadLettersOf(gateway));
        Assert.Single(gateway.Log.Lines, line => line.Level == LogLevel.Error && line.Message.Contains("set aside"));
    }

    [Fact]
    public async Task A_delivery_that_crashes_is_tried_again()
    {
        var crash = new CrashOnce();
        await using var gateway = await GatewayUnderTest.StartAsync(
            change: builder => builder.Services.AddHttpClient(nameof(MemoryClient)).AddHttpMessageHandler(() => crash.Handler()));

        await (await gateway.SendAsync(Chat.CharacterStreamed)).Content.ReadAsStringAsync();

        Assert.Equal("trn_1", (await gateway.Memory.NextReplyAsync()).Turn);
        Assert.True(crash.Happened);
    }

    [Fact]
    public async Task A_write_that_crashes_fails_alone()
    {
        await using var gateway = await GatewayUnderTest.StartAsync();
        using var writer = ActivatorUtilities.CreateInstance<OutboxWriter>(gateway.Service.Services);
        writer.Open();
        // In one batch, which is what has queued up before anybody writes.
        var replies = ((PendingReply[])[Pending("a"), Pending("b") with { Turn = null! }, Pending("c")]).Select(writer.AddAsync).ToList();
        writer.Complete();
        await writer.RunAsync();

        Assert.Equal([true, false, true], (await Task.WhenAll(replies)).Select(id => id is not null));
        Assert.Equal(["a", "c"], OutboxOf(gateway).Select(stored => stored.Pending.Turn));
    }

    /// <summary>What has arrived is not to stay on the disk until the next start because the disk was full when it was to go.</summary>
    [Fact]
    public async Task A_removal_that_fails_is_made_up_for_with_the_next_write()
    {
        await using var gateway = await GatewayUnderTest.StartAsync();
        gateway.Memory.RecordGate = FakeMemory.Closed();
        await (await gateway.SendAsync(Chat.CharacterStreamed)).Content.ReadAsStringAsync();
        BreakOutbox(gateway, "RENAME TO away");
        gateway.Memory.RecordGate.SetResult();
        await gateway.Memory.NextReplyAsync();
        var writer = gateway.Service.Services.GetRequiredService<OutboxWriter>();
        await Eventually.IsTrueAsync(() => writer.Fault is not null, "the removal fails");

        BreakOutbox(gateway, "RENAME TO replies", of: "away");
        Assert.Single(OutboxOf(gateway));
        await writer.TryAsync();

        Assert.Empty(OutboxOf(gateway));
        Assert.Null(writer.Fault);
    }

    [Theory]
    [InlineData(true, "cancelled")]
    [InlineData(false, "error")]
    public async Task What_was_said_before_a_cut_is_recorded(bool clientLeaves, string reason)
    {
        await using var gateway = await GatewayUnderTest.StartAsync(clientLeaves ? new FakeScript { HangAfter = 3 } : new FakeScript { DropAfter = 3 });
        using var response = await gateway.SendAsync(Chat.CharacterStreamed);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
        while (await reader.ReadLineAsync() is { } line && !line.Contains("from"))
        {
        }

        response.Dispose();

        var (_, _, reply) = await gateway.Memory.NextReplyAsync();
        Assert.Equal(("Hello from", reason), (reply.Content, reply.FinishReason));
    }

    [Fact]
    public async Task A_killed_gateway_delivers_after_its_restart_what_a_client_had_seen()
    {
        using var home = new TempHome();
        await using var node = await FakeBackendServer.StartAsync(TestService.ServiceKey);
        await using var memory = await FakeMemory.StartAsync();
        memory.RecordGate = FakeMemory.Closed();

        await using (var first = Start(home, node, memory))
        {
            using var http = new HttpClient { BaseAddress = await first.WaitForAddressAsync() };
            http.DefaultRequestHeaders.Authorization = new("Bearer", TestService.AdminKey);
            await first.WaitForLineAsync("Node fake-node reports");
            using var response = await http.PostAsync("/v1/chat/completions", new StringContent(Chat.CharacterStreamed));
            Assert.EndsWith("data: [DONE]\n\n", await response.Content.ReadAsStringAsync());
            await memory.RecordAttempts.WaitAsync();
            await first.KillAsync();
        }

        Assert.Empty(memory.Replies);
        memory.RecordGate.SetResult();
        await using var second = Start(home, node, memory);

        var (session, turn, reply) = await memory.NextReplyAsync();
        Assert.Equal(("ses_1", "trn_1", "Hello from the fake."), (session, turn, reply.Content));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_reply_that_cannot_be_stored_is_not_called_whole(bool streamed)
    {
        await using var gateway = await GatewayUnderTest.StartAsync();
        BreakOutbox(gateway);

        using var response = await gateway.SendAsync(streamed ? Chat.CharacterStreamed : Chat.CharacterWhole);
        var text = await response.Content.ReadAsStringAsync();
        var health = await gateway.Service.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync();

        Assert.Contains(ErrorCodes.StorageFailed, text);
        Assert.DoesNotContain("[DONE]", text);
        Assert.DoesNotContain("\"stop\"", text);
        Assert.Equal(HealthStatus.Unhealthy, health.Entries["gateway"].Status);
    }

    [Fact]
    public async Task An_outbox_that_can_be_written_again_is_well_again_though_nobody_is_sent_here()
    {
        await using var gateway = await GatewayUnderTest.StartAsync();
        BreakOutbox(gateway, "RENAME TO away");
        using var response = await gateway.SendAsync(Chat.CharacterWhole);
        Assert.Contains(ErrorCodes.StorageFailed, await response.Content.ReadAsStringAsync());
        var health = gateway.Service.Services.GetRequiredService<HealthCheckService>();
        Assert.Equal(HealthStatus.Unhealthy, (await health.CheckHealthAsync()).Entries["gateway"].Status);

        BreakOutbox(gateway, "RENAME TO replies", of: "away");
        Assert.Equal(HealthStatus.Healthy, (await health.CheckHealthAsync()).Entries["gateway"].Status);
        Assert.Empty(gateway.Memory.Replies);
    }

    [Theory]
    [InlineData(RelayOptions.Portable)]
    [InlineData(RelayOptions.Linux)]
    public async Task A_reply_that_ends_without_a_finish_reason_is_not_called_whole_either(string relay)
    {
        Assert.SkipWhen(relay == RelayOptions.Linux && !OperatingSystem.IsLinux(), "This relay is Linux's.");
        await using var asked = await AskedEngine.StartAsync(GatewayUnderTest.StartAsync(settings: ("Relay:Mode", relay)), Chat.CharacterStreamed);
        BreakOutbox(asked.Gateway);
        await asked.Call.SendAsync(Sse.Head + Sse.Chunk(Sse.Token("Hello")));
        using var answer = await LiveAnswer.OfAsync(asked.Sent);
        // Where there is a loop, it carries what comes after the first token.
        Assert.Contains("Hello", await answer.NextEventAsync());

        await asked.Call.SendAsync(Sse.Chunk(Sse.Done) + Sse.End);
        var rest = await answer.RestAsync();

        Assert.Contains(ErrorCodes.StorageFailed, rest);
        Assert.DoesNotContain("[DONE]", rest);
    }

    [Fact]
    public void An_outbox_that_cannot_be_opened_says_which_file_and_what_to_do()
    {
        using var home = new TempHome();
        var path = Path.Combine(home.Path, "outbox.db");
        File.WriteAllText(path, new string('x', 5000));

        var problem = Assert.Throws<StartupProblem>(() => ReplyOutbox.Open(path));

        Assert.Contains(path, problem.Message);
        Assert.NotEmpty(problem.WayOut);
    }

    [Fact]
    public void An_outbox_keeps_the_order_and_survives_a_reopening()
    {
        using var home = new TempHome();
        var path = Path.Combine(home.Path, "outbox.db");
        using (var outbox = ReplyOutbox.Open(path))
        {
            var ids = outbox.Apply([Pending("a"), Pending("b"), Pending("c")], [], []);
            outbox.Apply([Pending("d")], [ids[1]], []);
        }

        using var again = ReplyOutbox.Open(path);
        Assert.Equal(["a", "c", "d"], again.ReadAll().Select(stored => stored.Pending.Turn));
    }

    [Fact]
    public void A_reply_that_is_recorded_is_in_no_file_of_the_outbox_any_more()
    {
        using var home = new TempHome();
        using var outbox = ReplyOutbox.Open(Path.Combine(home.Path, "outbox.db"));
        var ids = outbox.Apply([new PendingReply("s", "t", new RecordedReply { Content = "zarzuela", FinishReason = "stop", Model = "m", Receipt = "r" })], [], []);
        Assert.Contains(Directory.GetFiles(home.Path), Holds);
        outbox.Apply([], ids, []);
        Assert.DoesNotContain(Directory.GetFiles(home.Path), Holds);

        static bool Holds(string path)
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            using var reader = new StreamReader(file, System.Text.Encoding.Latin1);
            return reader.ReadToEnd().Contains("zarzuela", StringComparison.Ordinal);
        }
    }

    [Fact]
    public void An_outbox_from_before_the_dead_letters_is_read_on()
    {
        using var home = new TempHome();
        var path = Path.Combine(home.Path, "outbox.db");
        using (var database = new SqliteConnection($"Data Source={path};Pooling=False"))
        {
            database.Open();
            using var create = database.CreateCommand();
            create.CommandText = """
                CREATE TABLE replies (
                    id INTEGER PRIMARY KEY AUTOINCREMENT, session TEXT NOT NULL, turn TEXT NOT NULL UNIQUE, content TEXT NOT NULL,
                    finish_reason TEXT NOT NULL, model TEXT NOT NULL, receipt TEXT NOT NULL);
                INSERT INTO replies (session, turn, content, finish_reason, model, receipt) VALUES ('s', 'old', 'c', 'stop', 'm', 'r');
                """;
            create.ExecuteNonQuery();
        }

        using var outbox = ReplyOutbox.Open(path);
        var ids = outbox.Apply([Pending("new")], [], []);
        outbox.Apply([], [], [new RefusedReply(ids[0], "never")]);

        Assert.Equal(["old"], outbox.ReadAll().Select(stored => stored.Pending.Turn));
    }

    private static void BreakOutbox(GatewayUnderTest gateway, string how = "RENAME TO gone", string of = "replies")
    {
        using var database = new SqliteConnection($"Data Source={OutboxPath(gateway)};Pooling=False");
        database.Open();
        using var drop = database.CreateCommand();
        drop.CommandText = $"ALTER TABLE {of} {how}";
        drop.ExecuteNonQuery();
    }

    private static IReadOnlyList<string> DeadLettersOf(GatewayUnderTest gateway)
    {
        using var database = new SqliteConnection($"Data Source={OutboxPath(gateway)};Pooling=False");
        database.Open();
        using var select = database.CreateCommand();
        select.CommandText = "SELECT turn, refused FROM replies WHERE refused IS NOT NULL";
        using var rows = select.ExecuteReader();
        var found = new List<string>();
        while (rows.Read())
            found.AddRange([rows.GetString(0), rows.GetString(1)]);
        return found;
    }

    /// <summary>Throws at the first reply what no client expects.</summary>
    private sealed class CrashOnce
    {
        private int _calls;

        public bool Happened => _calls > 0;

        public DelegatingHandler Handler() => new Crashing(this);

        private sealed class Crashing(CrashOnce owner) : DelegatingHandler
        {
            protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
                request.Method == HttpMethod.Put && Interlocked.Increment(ref owner._calls) == 1
                    ? throw new NotSupportedException("a bug")
                    : base.SendAsync(request, cancellationToken);
        }
    }

    private static PendingReply Pending(string turn) => new("ses", turn, new RecordedReply { Content = "Ä", FinishReason = "stop", Model = "m", Receipt = "r" });

    private static IReadOnlyList<StoredReply> OutboxOf(GatewayUnderTest gateway)
    {
        using var outbox = ReplyOutbox.Open(OutboxPath(gateway));
        return outbox.ReadAll();
    }

    private static string OutboxPath(GatewayUnderTest gateway) => Path.Combine(gateway.HomePath, "gateway", "outbox.db");

    private static ChildProcess Start(TempHome home, FakeBackendServer node, FakeMemory memory) => ChildProcess.StartDotnet(
        Path.Combine(AppContext.BaseDirectory, "Comox.Gateway.dll"),
        ["--urls", "http://127.0.0.1:0"],
        [
            new("COMOX_HOME", home.Path),
            new("Comox__ServiceKey", TestService.ServiceKey),
            new("Comox__Gateway__AdminKey", TestService.AdminKey),
            new("services__nodeagent__http__0", node.Address.ToString()),
            new("services__memory__http__0", memory.Address.ToString()),
        ]);
}
