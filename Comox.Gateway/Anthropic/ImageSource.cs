using System.Text.Json;

namespace Comox.Gateway.Anthropic;

/// <summary>
/// Where an image comes from, read from chat's one field:
/// <code>
/// data:image/png;base64,iVBOR…   {"type":"base64","media_type":"image/png","data":"iVBOR…"}
/// https://example.org/cat.png    {"type":"url","url":"https://example.org/cat.png"}
/// </code>
/// </summary>
internal sealed record ImageSource(string? MediaType, string Data)
{
    private const string Scheme = "data:";

    public static bool TryParse(string url, out ImageSource? source)
    {
        source = null;
        if (url.StartsWith("https://", StringComparison.OrdinalIgnoreCase) || url.StartsWith("http://", StringComparison.OrdinalIgnoreCase))
        {
            source = new ImageSource(null, url);
            return true;
        }

        var comma = url.IndexOf(',');
        if (!url.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) || comma < 0)
            return false;
        // image/png;charset=utf-8;base64
        var parts = url[Scheme.Length..comma].Split(';');
        if (parts[0].Length == 0 || !parts[^1].Equals("base64", StringComparison.OrdinalIgnoreCase) || parts.Length < 2)
            return false;
        source = new ImageSource(parts[0], url[(comma + 1)..]);
        return true;
    }

    public void WriteTo(Utf8JsonWriter json)
    {
        json.WriteStartObject("source"u8);
        if (MediaType is null)
        {
            json.WriteString("type"u8, "url"u8);
            json.WriteString("url"u8, Data);
        }
        else
        {
            json.WriteString("type"u8, "base64"u8);
            json.WriteString("media_type"u8, MediaType);
            json.WriteString("data"u8, Data);
        }

        json.WriteEndObject();
    }
}
