using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Comox.BuiltInModel.Tokenizer;

/// <summary>As GGUF numbers them.</summary>
internal enum PieceKind
{
    Normal = 1,
    Unknown = 2,
    Control = 3,
    Byte = 6,
}

internal sealed record Piece(string Text, float Score, PieceKind Kind);

/// <summary>Gives the ids that llama.cpp's <c>llama</c> tokenizer gives, with no space put before the text and no token put before it.</summary>
internal sealed class SpmTokenizer
{
    private readonly Dictionary<string, int> _ids;
    private readonly Dictionary<string, int[]> _known = [];
    private readonly int _firstByte;

    public SpmTokenizer(IReadOnlyList<Piece> pieces)
    {
        Pieces = pieces;
        _ids = pieces.Select((piece, id) => (piece, id)).Where(pair => pair.piece.Kind == PieceKind.Normal).ToDictionary(pair => pair.piece.Text, pair => pair.id);
        var order = pieces.Select((piece, id) => (piece, id)).ToArray();
        _firstByte = order.First(pair => pair.piece.Kind == PieceKind.Byte).id;
        Start = order.First(pair => pair.piece.Text == BpeTrainer.StartText).id;
        End = order.First(pair => pair.piece.Text == BpeTrainer.EndText).id;
    }

    public IReadOnlyList<Piece> Pieces { get; }

    public int Start { get; }

    public int End { get; }

    /// <summary>The text alone: control tokens written out in it are letters like others.</summary>
    public int[] Encode(string text)
    {
        var ids = new List<int>();
        foreach (var segment in Segments.Of(text))
        {
            if (!_known.TryGetValue(segment, out var known))
            {
                // Invented names come by the million: what is known is forgotten now and then.
                if (_known.Count > 200_000)
                    _known.Clear();
                _known[segment] = known = Merge(segment);
            }

            ids.AddRange(known);
        }

        return [.. ids];
    }

    public string Decode(IEnumerable<int> ids)
    {
        var bytes = new List<byte>();
        foreach (var id in ids)
        {
            var piece = Pieces[id];
            bytes.AddRange(piece.Kind == PieceKind.Byte ? [(byte)(id - _firstByte)] : Encoding.UTF8.GetBytes(piece.Text.Replace(Segments.Space, ' ')));
        }

        return Encoding.UTF8.GetString([.. bytes]);
    }

    /// <summary>Joins the two neighbours whose piece has the highest score, the leftmost of equals, until none are left to join.</summary>
    private int[] Merge(string segment)
    {
        var parts = segment.EnumerateRunes().Select(rune => rune.ToString()).ToList();
        while (true)
        {
            var (best, score) = (-1, float.NegativeInfinity);
            for (var at = 0; at + 1 < parts.Count; at++)
            {
                if (_ids.TryGetValue(parts[at] + parts[at + 1], out var id) && Pieces[id].Score > score)
                    (best, score) = (at, Pieces[id].Score);
            }

            if (best < 0)
                break;
            parts[best] += parts[best + 1];
            parts.RemoveAt(best + 1);
        }

        return [.. parts.SelectMany(part => _ids.TryGetValue(part, out var id) ? [id] : Encoding.UTF8.GetBytes(part).Select(value => _firstByte + value))];
    }

    public void Save(string path)
    {
        using var writer = new StreamWriter(path);
        writer.Write("[\n");
        for (var id = 0; id < Pieces.Count; id++)
        {
            var piece = Pieces[id];
            writer.Write(string.Create(CultureInfo.InvariantCulture, $"[\"{JsonEncodedText.Encode(piece.Text)}\",{piece.Score},{(int)piece.Kind}]{(id + 1 < Pieces.Count ? "," : "")}\n"));
        }

        writer.Write("]\n");
    }

    public static SpmTokenizer Load(string path) => Parse(File.ReadAllText(path));

    public static SpmTokenizer Parse(string json)
    {
        using var document = JsonDocument.Parse(json);
        return new SpmTokenizer([.. document.RootElement.EnumerateArray().Select(entry => new Piece(entry[0].GetString()!, entry[1].GetSingle(), (PieceKind)entry[2].GetInt32()))]);
    }
}
