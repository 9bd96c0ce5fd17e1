using System.Globalization;

namespace Comox.FakeBackend.Vllm;

/// <summary>What the process holds of the cards it was given: a file <c>card{index}.{process}</c> with a number of bytes, in the folder <c>FAKE_CARDS</c>; <c>card{index}.total</c> is the card's size.</summary>
internal sealed class FakeVllmCard
{
    // What CUDA itself takes, which no sleep gives back.
    private const double Context = 0.08;

    private readonly string? _folder = Environment.GetEnvironmentVariable("FAKE_CARDS");
    private readonly int[] _cards;
    private readonly int _expected;
    private readonly double _share;
    private double _grown;

    public FakeVllmCard(FakeVllmArguments arguments)
    {
        _cards = [.. (Environment.GetEnvironmentVariable("CUDA_VISIBLE_DEVICES") ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries).Select(index => int.Parse(index, CultureInfo.InvariantCulture))];
        (_expected, _share) = (arguments.Int("--tensor-parallel-size", 1), arguments.Double("--gpu-memory-utilization", 0.9));
    }

    public string? Problem()
    {
        if (_cards.Length < _expected)
            return $"RuntimeError: {(_cards.Length == 0 ? "No CUDA GPUs are available" : "World size is larger than the number of available GPUs")}";
        foreach (var card in _cards)
        {
            var (total, used) = (Total(card), Used(card));
            if (total - used < total * _share || FakeVllm.Is("out-of-memory"))
                return $"ValueError: Free memory on device cuda:0 ({Gigabytes(total - used)}/{Gigabytes(total)} GiB) on startup is less than desired GPU memory utilization ({_share.ToString(CultureInfo.InvariantCulture)}). Decrease GPU memory utilization or reduce GPU memory used by other processes.";
        }

        return null;
    }

    public void Hold() => Note(card => (long)(Total(card) * Math.Min(1, _share + _grown)));

    public void Sleep() => Note(card => (long)(Total(card) * _share * (FakeVllm.Is("greedy-sleep") ? 0.8 : Context)));

    public void Wake()
    {
        if (FakeVllm.Is("leaky-wake"))
            _grown += 0.2;
        Hold();
    }

    public void Free()
    {
        if (_folder is not null)
            Array.ForEach(_cards, card => File.Delete(Mine(card)));
    }

    private void Note(Func<int, long> bytes)
    {
        if (_folder is null)
            return;
        foreach (var card in _cards)
        {
            // Renamed, so that nobody reads half a number.
            File.WriteAllText(Mine(card) + "~", bytes(card).ToString(CultureInfo.InvariantCulture));
            File.Move(Mine(card) + "~", Mine(card), overwrite: true);
        }
    }

    private string Mine(int card) => Path.Combine(_folder!, string.Create(CultureInfo.InvariantCulture, $"card{card}.{Environment.ProcessId}"));

    private long Total(int card) => _folder is null ? 24L << 30 : long.Parse(File.ReadAllText(Path.Combine(_folder, string.Create(CultureInfo.InvariantCulture, $"card{card}.total"))), CultureInfo.InvariantCulture);

    private long Used(int card) => _folder is null ? 0 : FakeCards.Used(_folder, card);

    private static string Gigabytes(double bytes) => (bytes / (1L << 30)).ToString("0.00", CultureInfo.InvariantCulture);
}

/// <summary>The other side of the files: what a driver would say of a card.</summary>
public static class FakeCards
{
    /// <summary>Bytes that processes which still run hold of a card.</summary>
    public static long Used(string folder, int card)
    {
        var used = 0L;
        foreach (var file in Directory.EnumerateFiles(folder, string.Create(CultureInfo.InvariantCulture, $"card{card}.*")))
        {
            // The memory of a process that was killed is free.
            if (!int.TryParse(Path.GetExtension(file)[1..], CultureInfo.InvariantCulture, out var process) || !Directory.Exists(string.Create(CultureInfo.InvariantCulture, $"/proc/{process}")))
                continue;
            try
            {
                used += long.Parse(File.ReadAllText(file), CultureInfo.InvariantCulture);
            }
            catch (FileNotFoundException)
            {
                // It has just gone.
            }
        }

        return used;
    }
}
