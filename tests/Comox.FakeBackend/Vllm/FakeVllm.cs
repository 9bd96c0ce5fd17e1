using System.Text.Json;

namespace Comox.FakeBackend.Vllm;

/// <summary>
/// A process that behaves as <c>vllm serve</c> does towards whoever starts and supervises it: its arguments and variables, its closed port until the model is
/// loaded, its answers, its sleep. It computes nothing. What it takes of a card it notes in a file in <c>FAKE_CARDS</c>, one for each card and process, for a
/// test that plays the card's driver.
/// <code>
/// FAKE_VLLM  what is wrong with it, in words with spaces between: slow (2 s to load), greedy-sleep (asleep it keeps nearly all), leaky-wake, no-wake, out-of-memory, slow-adapter (3 s to load one, and no token of anybody's meanwhile)
/// </code>
/// </summary>
public static class FakeVllm
{
    public const string Version = "0.18.0";

    public static async Task<int> RunAsync(string[] args)
    {
        if (args is ["--version"])
        {
            Console.WriteLine(Version);
            return 0;
        }

        if (args is not ["serve", .. var rest])
            return Refuse("argument subparser: invalid choice: " + string.Join(' ', args));
        var arguments = new FakeVllmArguments();
        if (arguments.Read(rest) is { } wrong)
            return Refuse(wrong);

        // As the real one: a folder or a repository, and no network where that is forbidden.
        if (!File.Exists(Path.Combine(arguments.Model, "config.json")))
            return Die($"OSError: {arguments.Model} does not appear to have a file named config.json.");
        using (var config = JsonDocument.Parse(await File.ReadAllBytesAsync(Path.Combine(arguments.Model, "config.json"))))
        {
            if (!config.RootElement.TryGetProperty("architectures", out _))
                return Die("ValueError: No model architectures are specified");
        }

        if (arguments.Int("--max-cpu-loras", 1) < arguments.Int("--max-loras", 1))
            return Die("ValueError: max_cpu_loras must be >= max_loras");
        var card = new FakeVllmCard(arguments);
        if (card.Problem() is { } noRoom)
            return Die(noRoom);
        var server = new FakeVllmServer(arguments, card);
        Say("INFO 11-29 12:00:00 [api_server.py:1289] vLLM API server version " + Version);
        await server.LoadAsync();
        return await server.ServeAsync();
    }

    internal static bool Is(string fault) => (Environment.GetEnvironmentVariable("FAKE_VLLM") ?? "").Split(' ').Contains(fault);

    internal static void Say(string line) => Console.Error.WriteLine(line);

    private static int Refuse(string problem)
    {
        Say("usage: vllm serve [model_tag] [options]");
        Say($"vllm serve: error: {problem}");
        return 2;
    }

    private static int Die(string exception)
    {
        Say("(EngineCore_DP0 pid=4711) ERROR 11-29 12:00:01 [core.py:700] EngineCore failed to start.");
        Say("(EngineCore_DP0 pid=4711) ERROR 11-29 12:00:01 [core.py:700] Traceback (most recent call last):");
        Say($"(EngineCore_DP0 pid=4711) ERROR 11-29 12:00:01 [core.py:700] {exception}");
        Say("(APIServer pid=4700) RuntimeError: Engine core initialization failed. See root cause above. Failed core proc(s): {}");
        return 1;
    }
}
