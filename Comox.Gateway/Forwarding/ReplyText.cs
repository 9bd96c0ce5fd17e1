using System.Text;

namespace Comox.Gateway.Forwarding;

/// <summary>What the character has said so far: the content of choice 0, without reasoning. Bounded, so that an endless reply cannot eat the memory.</summary>
internal sealed class ReplyText
{
    public const int MaxLength = 1_000_000;

    private readonly StringBuilder _text = new();

    public bool IsEmpty => _text.Length == 0;

    public void Append(string piece) => _text.Append(piece.AsSpan(0, Math.Min(piece.Length, MaxLength - _text.Length)));

    public override string ToString() => _text.ToString();
}
