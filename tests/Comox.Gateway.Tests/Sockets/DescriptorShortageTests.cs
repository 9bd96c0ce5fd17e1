using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using Comox.FakeBackend;

namespace Comox.Gateway.Tests.Sockets;

/// <summary>More clients than the system gives descriptors for, at the real process.</summary>
[Collection(AloneCollection.Name)]
public sealed partial class DescriptorShortageTests
{
    private const int Room = 24;
    private const int RLIMIT_NOFILE = 7;

    private static readonly byte[] Request = "GET /alive HTTP/1.1\r\nHost: x\r\n\r\n"u8.ToArray();

    [Fact]
    public async Task Clients_beyond_the_last_descriptor_wait_at_no_cost_and_are_served_when_others_leave()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The loop is Linux's.");
        await using var node = await FakeBackendServer.StartAsync(TestService.ServiceKey);
        using var home = new TempHome();
        await using var child = GatewayProcess.Start(home, node, ("Relay__Mode", "linux"));
        var address = await child.WaitForAddressAsync();
        using var http = GatewayProcess.ClientOf(address);
        await GatewayProcess.IsReadyAsync(http);
        Assert.EndsWith("data: [DONE]\n\n", await ChatAsync(http));
        var (last, open) = (DescriptorsOf(child).Max(), DescriptorsOf(child).Count());
        var limit = last + 1 + Room;
        SetLimit(child.Id, limit);

        // As many as fit, and as many again.
        var clients = Enumerable.Range(0, 2 * (limit - open)).Select(_ => new Socket(SocketType.Stream, ProtocolType.Tcp)).ToList();
        var answers = clients.Select(client => AskAsync(client, address)).ToList();
        await Eventually.IsTrueAsync(
            () =>
            {
                Assert.False(child.HasExited, child.Output);
                // Whatever else the process opens and closes may have the last one this moment.
                return DescriptorsOf(child).Count() >= limit - 1;
            },
            $"none of {limit} descriptors is left");
        var spent = await SpentInASecondAsync(child);
        Assert.InRange(answers.Count(answer => answer.IsCompleted), 1, limit - open);
        Assert.True(spent < TimeSpan.FromMilliseconds(500), $"In one second of waiting it was busy for {spent.TotalMilliseconds:0} ms.");

        // Everybody leaves who has been answered, and so makes room for the next.
        await Task.WhenAll(clients.Zip(answers, async (client, answer) =>
        {
            Assert.StartsWith("HTTP/1.1 200 OK", await answer.WaitAsync(TimeSpan.FromSeconds(30)));
            client.Dispose();
        }));

        using var fresh = GatewayProcess.ClientOf(address);
        Assert.EndsWith("data: [DONE]\n\n", await ChatAsync(fresh));
        Assert.False(child.HasExited);
        Assert.DoesNotContain("crash", child.Output, StringComparison.OrdinalIgnoreCase);
    }

    private static async Task<string> AskAsync(Socket client, Uri address)
    {
        await client.ConnectAsync(IPEndPoint.Parse(address.Authority));
        await client.SendAsync(Request);
        var buffer = new byte[1024];
        return Encoding.ASCII.GetString(buffer, 0, await client.ReceiveAsync(buffer));
    }

    private static async Task<string> ChatAsync(HttpClient http)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions") { Content = new StringContent(Chat.Streamed, Encoding.UTF8, "application/json") };
        using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        return await response.Content.ReadAsStringAsync();
    }

    private static async Task<TimeSpan> SpentInASecondAsync(ChildProcess child)
    {
        using var process = Process.GetProcessById(child.Id);
        var before = process.TotalProcessorTime;
        await Task.Delay(TimeSpan.FromSeconds(1), TimeProvider.System);
        process.Refresh();
        return process.TotalProcessorTime - before;
    }

    private static IEnumerable<int> DescriptorsOf(ChildProcess child) =>
        Directory.EnumerateFileSystemEntries($"/proc/{child.Id}/fd").Select(path => int.Parse(Path.GetFileName(path), System.Globalization.CultureInfo.InvariantCulture));

    private static unsafe void SetLimit(int process, int descriptors)
    {
        // struct rlimit { rlim_t rlim_cur, rlim_max; }
        var limits = stackalloc ulong[2] { (ulong)descriptors, (ulong)descriptors };
        Assert.Equal(0, prlimit(process, RLIMIT_NOFILE, limits, null));
    }

    [LibraryImport("libc")]
    private static unsafe partial int prlimit(int process, int resource, ulong* limits, ulong* old);
}
