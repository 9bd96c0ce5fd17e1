namespace Comox.ServiceDefaults;

/// <summary>
/// Text of the settings that becomes the value of an HTTP header. A line end in it, which a secret read from a file often has, would begin a header of its own
/// (https://www.rfc-editor.org/rfc/rfc9110#section-5.5).
/// </summary>
public static class HeaderText
{
    /// <summary>What is wrong with a value that <see cref="CanCarry"/> refuses, behind the name of its key; the value may be a secret and is not told.</summary>
    public const string Fault = "holds a character that no header may carry, such as the end of a line.";

    /// <summary>Whether all of it is printable ASCII.</summary>
    public static bool CanCarry(string value) => !value.AsSpan().ContainsAnyExceptInRange(' ', '~');
}
