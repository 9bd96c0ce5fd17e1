using System.Text;
using System.Text.Json.Serialization;

namespace Comox.BuiltInModel.Training;

/// <summary>Where a line of the data begins.</summary>
/// <param name="Round">How often all files have been read before.</param>
/// <param name="File">Index of the file.</param>
/// <param name="Offset">Byte in it.</param>
internal sealed record DataPlace(int Round, int File, long Offset)
{
    /// <summary>Of the block of rows that begins there so many are done.</summary>
    public int Rows { get; init; }

    [JsonIgnore]
    public static DataPlace Beginning { get; } = new(0, 0, 0);
}

/// <summary>The lines of some files in their order, then again from the first; holds one line at a time.</summary>
internal sealed class DataReader(IReadOnlyList<string> files)
{
    private readonly long[] _lengths = [.. files.Select(file => new FileInfo(file).Length)];

    /// <summary>How much of all data lies before that place, 0 to 1 in the first round.</summary>
    public double Share(DataPlace place) => place.Round + ((_lengths.Take(place.File).Sum() + place.Offset) / (double)_lengths.Sum());

    /// <returns>Each line with the place where it begins.</returns>
    public IEnumerable<(string Line, DataPlace Place)> From(DataPlace place)
    {
        while (true)
        {
            var empty = true;
            for (var file = place.File; file < files.Count; file++)
            {
                foreach (var (line, offset) in Lines(files[file], file == place.File ? place.Offset : 0))
                {
                    empty = false;
                    yield return (line, new DataPlace(place.Round, file, offset));
                }
            }

            if (empty && place is { File: 0, Offset: 0 })
                throw new InvalidDataException("There is no line in the data.");
            place = new DataPlace(place.Round + 1, 0, 0);
        }
    }

    // StreamReader does not say where a line began.
    private static IEnumerable<(string Line, long Offset)> Lines(string path, long offset)
    {
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16);
        stream.Position = offset;
        var buffer = new byte[1 << 16];
        var line = new MemoryStream();
        for (int read; (read = stream.Read(buffer)) > 0;)
        {
            var from = 0;
            while (from < read)
            {
                var end = Array.IndexOf(buffer, (byte)'\n', from, read - from);
                line.Write(buffer, from, (end < 0 ? read : end) - from);
                from = end < 0 ? read : end + 1;
                if (end < 0)
                    continue;
                var next = offset + line.Length + 1;
                if (line.Length > 1)
                    yield return (Encoding.UTF8.GetString(line.GetBuffer(), 0, (int)line.Length), offset);
                line.SetLength(0);
                offset = next;
            }
        }

        if (line.Length > 1)
            yield return (Encoding.UTF8.GetString(line.GetBuffer(), 0, (int)line.Length), offset);
    }
}
