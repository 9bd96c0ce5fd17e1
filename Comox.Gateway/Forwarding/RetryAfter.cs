using System.Globalization;
using Microsoft.Net.Http.Headers;

namespace Comox.Gateway.Forwarding;

/// <summary>
/// The header <c>Retry-After</c>: seconds, or the date from which on a server can be asked again (https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3).
/// <code>Retry-After: 120
/// Retry-After: Fri, 31 Dec 1999 23:59:59 GMT</code>
/// </summary>
internal static class RetryAfter
{
    /// <param name="value">As it was sent.</param>
    /// <param name="now">By our clock: a server whose clock differs from it asks for more or less than it means, within the limits of <see cref="CircuitBreaking.CircuitOptions"/>.</param>
    /// <returns>Whole seconds, never too few; 0 for a date that is past; null when it makes no sense.</returns>
    public static int? SecondsOf(string? value, DateTimeOffset now)
    {
        // Whole seconds by the standard; parts of them by some servers.
        if (double.TryParse(value, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var seconds) && double.IsFinite(seconds))
            return Whole(seconds);
        return HeaderUtilities.TryParseDate(value, out var date) ? Whole((date - now).TotalSeconds) : null;
    }

    private static int Whole(double seconds) => (int)Math.Clamp(Math.Ceiling(seconds), 0, int.MaxValue);
}
