using System.Globalization;

namespace Comox.BuiltInModel.Training;

/// <summary>Lines on the terminal and in a file.</summary>
internal sealed class TrainingLog(string path) : IDisposable
{
    private readonly StreamWriter _file = new(path, append: true) { AutoFlush = true };

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

    public void Add(Learner.Outcome step)
    {
        (_loss, _right) = (_loss + (step.Loss * step.LossTokens), _right + (step.Right * step.LossTokens));
        (_lossTokens, _tokens) = (_lossTokens + step.LossTokens, _tokens + step.Tokens);
    }

    public string Take(double seconds)
    {
        var text = string.Create(CultureInfo.InvariantCulture,
            $"loss {_loss / _lossTokens:F4} · right {100 * _right / _lossTokens:F1} % · {_tokens / seconds:F0} tokens/s, {_lossTokens / seconds:F0} learned/s");
        (_loss, _right, _lossTokens, _tokens) = (0, 0, 0, 0);
        return text;
    }
}
