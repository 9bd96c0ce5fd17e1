using System.Buffers.Text;

namespace Comox.Gateway.LoadBalancing;

/// <summary>
/// The samples of a page in Prometheus' text format, one after the other and without a copy (https://prometheus.io/docs/instrumenting/exposition_formats/):
/// <code>vllm:num_requests_running{engine="0",model_name="m"} 3.0</code>
/// A line that makes no sense is passed over: what it would have said stays unknown.
/// </summary>
internal ref struct PrometheusSamples(ReadOnlySpan<byte> page)
{
    private ReadOnlySpan<byte> _rest = page;

    public ReadOnlySpan<byte> Name { get; private set; }

    /// <summary>What stands between the braces, escapes and all.</summary>
    public ReadOnlySpan<byte> Labels { get; private set; }

    /// <summary>May be NaN.</summary>
    public double Value { get; private set; }

    /// <returns>False at the end of the page.</returns>
    public bool Read()
    {
        while (!_rest.IsEmpty)
        {
            var end = _rest.IndexOf((byte)'\n');
            var line = end < 0 ? _rest : _rest[..end];
            _rest = end < 0 ? default : _rest[(end + 1)..];
            if (TryRead(line.TrimEnd((byte)'\r')))
                return true;
        }

        return false;
    }

    private bool TryRead(ReadOnlySpan<byte> line)
    {
        var length = line.IndexOfAny((byte)'{', (byte)' ', (byte)'\t');
        if (length <= 0 || line[0] == (byte)'#')
            return false;
        var name = line[..length];
        var rest = line[length..];
        Labels = default;
        if (rest[0] == (byte)'{')
        {
            var close = EndOfLabels(rest);
            if (close < 0)
                return false;
            Labels = rest[1..close];
            rest = rest[(close + 1)..];
        }

        // A timestamp may follow; engines write none.
        rest = rest.Trim(" \t"u8);
        var number = rest.IndexOfAny((byte)' ', (byte)'\t') is >= 0 and var space ? rest[..space] : rest;
        if (!Utf8Parser.TryParse(number, out double value, out var consumed) || consumed != number.Length)
            return false;
        Name = name;
        Value = value;
        return true;
    }

    // A brace inside a quoted value ends nothing.
    private static int EndOfLabels(ReadOnlySpan<byte> text)
    {
        var quoted = false;
        for (var at = 1; at < text.Length; at++)
        {
            if (quoted && text[at] == (byte)'\\')
                at++;
            else if (text[at] == (byte)'"')
                quoted = !quoted;
            else if (!quoted && text[at] == (byte)'}')
                return at;
        }

        return -1;
    }
}

/// <summary>The sum of one metric's series. One series that is no count makes the sum unknown: the rest alone would say too little.</summary>
internal struct SampleSum
{
    private double _sum;
    private int _count;
    private bool _broken;

    public void Add(double value)
    {
        _count++;
        _sum += value;
        _broken |= !double.IsFinite(value) || value < 0;
    }

    /// <summary>Null when unknown.</summary>
    public readonly double? Sum => _count == 0 || _broken ? null : _sum;

    public readonly double? Mean => Sum / _count;

    public readonly int? Count => Sum is { } sum ? (int)Math.Min(int.MaxValue, sum) : null;

    public readonly long? LongCount => Sum is { } sum ? (long)Math.Min(long.MaxValue / 2, sum) : null;
}
