using MudBlazor;

namespace Comox.Web.Layout;

/// <summary>
/// What MudBlazor takes from C#: type and shapes. Its colours come from <c>wwwroot/app.css</c> for both modes: the browser knows the mode before
/// the first paint and the server does not, so colours chosen here would flash.
/// </summary>
internal static class ConsoleTheme
{
    public static readonly string[] Fonts = ["Inter", "ui-sans-serif", "system-ui", "-apple-system", "Segoe UI", "Roboto", "Noto Sans", "Liberation Sans", "sans-serif"];

    public static MudTheme Theme { get; } = new()
    {
        Typography = new Typography
        {
            Default = new DefaultTypography { FontFamily = Fonts, FontSize = ".9375rem", LineHeight = "1.55", LetterSpacing = "normal" },
            Button = new ButtonTypography { FontFamily = Fonts, TextTransform = "none", FontWeight = "600", FontSize = ".9rem", LetterSpacing = "normal" },
        },
        LayoutProperties = new LayoutProperties { DefaultBorderRadius = "12px" },
    };
}
