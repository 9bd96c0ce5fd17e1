using System.Globalization;

namespace Comox.BuiltInModel.Training;

/// <summary>Lines on the terminal and in <c>training.log</c> beside the checkpoints.</summary>
internal sealed class TrainingLog(string folder) : IDisposable
{
    private readonly StreamWriter _file = new(Path.Combine(folder, "training.log"), append: true) { AutoFlush = true };

    public void Write(FormattableString line)
    {
        var text = line.ToString(CultureInfo.InvariantCulture);
        Console.WriteLine(text);
        _file.WriteLine(text);
    }

    public void Dispose() => _file.Dispose();
}

/// <summary>What was done since the last line.</summary>
internal sealed class Progress
{
    private double _loss;
    private double _right;
    private long _lossTokens;
    private long _tokens;

    public void Add(double loss, double right, int lossTokens, int tokens)
    {
        (_loss, _right) = (_loss + (loss * lossTokens), _right + right);
        (_lossTokens, _tokens) = (_lossTokens + lossTokens, _tokens + tokens);
    }

    public string Take(double seconds)
    {
        var text = string.Create(CultureInfo.InvariantCulture,
            $"loss {_loss / _lossTokens:F4} · right {100 * _right / _lossTokens:F1} % · {_tokens / seconds:F0} tokens/s, {_lossTokens / seconds:F0} learned/s");
        (_loss, _right, _lossTokens, _tokens) = (0, 0, 0, 0);
        return text;
    }
}
