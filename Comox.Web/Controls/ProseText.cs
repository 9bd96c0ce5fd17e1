using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Rendering;

namespace Comox.Web.Controls;

/// <summary>Shows what <see cref="Prose"/> parsed. Every word goes through <c>AddContent</c>, which encodes; no markup string exists here.</summary>
public sealed class ProseText : ComponentBase
{
    private string? _shown;

    [Parameter, EditorRequired]
    public required string Text { get; set; }

    // A page with a hundred messages is rendered thirty times a second while one of them streams: the other ninety-nine are not parsed again.
    protected override bool ShouldRender() => !ReferenceEquals(_shown, Text) && _shown != Text;

    protected override void BuildRenderTree(RenderTreeBuilder builder)
    {
        _shown = Text;
        builder.OpenElement(0, "div");
        builder.AddAttribute(1, "class", "prose");
        builder.OpenRegion(2);
        foreach (var block in Prose.Parse(Text))
        {
            if (block is CodeBlock code)
                Element(builder, "pre", null, inner => inner.AddContent(0, code.Text));
            else if (block is Paragraph paragraph)
                Element(builder, "p", null, inner => Spans(inner, paragraph.Spans));
        }

        builder.CloseRegion();
        builder.CloseElement();
    }

    private static void Spans(RenderTreeBuilder builder, IReadOnlyList<ProseSpan> spans)
    {
        foreach (var span in spans)
        {
            switch (span)
            {
                case TextSpan text:
                    builder.AddContent(10, text.Text);
                    break;
                case CodeSpan code:
                    Element(builder, "code", null, inner => inner.AddContent(0, code.Text));
                    break;
                case ActionSpan action:
                    Element(builder, "em", null, inner => Spans(inner, action.Spans));
                    break;
                case StrongSpan strong:
                    Element(builder, "strong", null, inner => Spans(inner, strong.Spans));
                    break;
                case SpeechSpan speech:
                    Element(builder, "span", "speech", inner => Spans(inner, speech.Spans));
                    break;
            }
        }
    }

    private static void Element(RenderTreeBuilder builder, string name, string? style, Action<RenderTreeBuilder> content)
    {
        builder.OpenElement(20, name);
        if (style is not null)
            builder.AddAttribute(21, "class", style);
        builder.OpenRegion(22);
        content(builder);
        builder.CloseRegion();
        builder.CloseElement();
    }
}
