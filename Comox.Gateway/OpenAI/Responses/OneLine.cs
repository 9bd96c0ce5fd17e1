namespace Comox.Gateway.OpenAI.Responses;

/// <summary>
/// JSON for the data of one event: a line break would end the field there. In valid JSON a raw one can only be white space between two values, so a
/// space does as well.
/// </summary>
internal static class OneLine
{
    public static void Make(Span<byte> json)
    {
        json.Replace((byte)'\n', (byte)' ');
        json.Replace((byte)'\r', (byte)' ');
    }
}
