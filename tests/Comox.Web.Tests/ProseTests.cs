using Bunit;
using Comox.Web.Controls;
using FsCheck.Xunit;

namespace Comox.Web.Tests;

public sealed class ProseTests
{
    [Theory]
    [InlineData("plain", "<p>plain</p>")]
    [InlineData("*waves*", "<p><em>waves</em></p>")]
    [InlineData("**loud**", "<p><strong>loud</strong></p>")]
    [InlineData("\"hello\"", "<p><span class=\"speech\">\"hello\"</span></p>")]
    [InlineData("*nods* \"I **know**.\"", "<p><em>nods</em> <span class=\"speech\">\"I <strong>know</strong>.\"</span></p>")]
    [InlineData("“so” it is", "<p><span class=\"speech\">“so”</span> it is</p>")]
    [InlineData("one\n\ntwo", "<p>one</p><p>two</p>")]
    [InlineData("one\r\ntwo", "<p>one\ntwo</p>")]
    [InlineData("say `x * y`", "<p>say <code>x * y</code></p>")]
    [InlineData("```cs\nvar x = \"*\";\n```", "<pre>var x = \"*\";</pre>")]
    [InlineData("still *on its way", "<p>still *on its way</p>")]
    [InlineData("```\nstill open", "<pre>still open</pre>")]
    [InlineData("2 * 3 * 4", "<p>2 * 3 * 4</p>")]
    [InlineData("5\" nails and 6\" nails", "<p>5\" nails and 6\" nails</p>")]
    [InlineData("***", "<p>***</p>")]
    [InlineData("", "")]
    [InlineData("<script>alert(1)</script>", "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>")]
    [InlineData("*<img src=x onerror=alert(1)>*", "<p><em>&lt;img src=x onerror=alert(1)&gt;</em></p>")]
    [InlineData("[click](javascript:alert(1))", "<p>[click](javascript:alert(1))</p>")]
    [InlineData("&lt;b&gt;", "<p>&amp;lt;b&amp;gt;</p>")]
    public async Task Text_becomes_exactly_this(string text, string expected)
    {
        await using var page = new BunitContext();
        page.Render<ProseText>(parameters => parameters.Add(prose => prose.Text, text)).MarkupMatches($"<div class=\"prose\">{expected}</div>");
    }

    [Property(MaxTest = 300)]
    public void Whatever_is_written_no_other_element_and_no_other_attribute_appears(string?[] pieces, int seed)
    {
        using var page = new BunitContext();
        var shown = page.Render<ProseText>(parameters => parameters.Add(prose => prose.Text, Hostile(pieces, seed)));

        foreach (var element in shown.FindAll("*"))
        {
            Assert.Contains(element.LocalName, (string[])["div", "p", "em", "strong", "span", "code", "pre"]);
            Assert.All(element.Attributes, attribute => Assert.True(attribute.Name == "class" && attribute.Value is "prose" or "speech"));
        }
    }

    [Property(MaxTest = 300)]
    public void No_word_is_lost(string?[] pieces, int seed)
    {
        var text = Hostile(pieces, seed);
        var words = string.Concat(Prose.Parse(text).Select(WordsOf));

        // Fences carry a language name and markers are taken away; letters inside them stay.
        Assert.Equal(Letters(text.Replace("```", "\n", StringComparison.Ordinal)), Letters(words));
    }

    [Fact]
    public void Ten_thousand_open_stars_are_shown_and_do_not_exhaust_the_stack()
    {
        var text = string.Concat(Enumerable.Repeat("*a \"", 10_000));

        Assert.Equal(text.Count(char.IsLetter), Prose.Parse(text).Select(WordsOf).Sum(words => words.Count(char.IsLetter)));
    }

    [Theory]
    [InlineData("*a ")]
    [InlineData("**a ")]
    [InlineData("*a **b “c ")]
    [InlineData("“a ")]
    [InlineData("\"a")]
    [InlineData("`a\n")]
    public async Task What_is_opened_a_million_times_and_never_closed_stops_no_page(string opened)
    {
        var text = string.Concat(Enumerable.Repeat(opened, 1_000_000 / opened.Length));

        // Looked for anew from each, the partners that are not there take minutes.
        var blocks = await Task.Run(() => Prose.Parse(text)).WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);

        Assert.Equal(Letters(text), Letters(string.Concat(blocks.Select(WordsOf))));
    }

    [Theory]
    [InlineData("*a **b** c", "*a (strong b) c")]
    [InlineData("**a *b* c", "**a (action b) c")]
    [InlineData("*a \"*b*\" c", "(action a \")b*\" c")]
    [InlineData("“a *b* “c", "“a (action b) “c")]
    [InlineData("\"*a\" *b*", "(speech \"*a\") (action b)")]
    public void One_without_a_partner_takes_none_from_the_others(string text, string expected) =>
        Assert.Equal(expected, string.Concat(((Paragraph)Assert.Single(Prose.Parse(text))).Spans.Select(ShapeOf)));

    private static string ShapeOf(ProseSpan span) => span switch
    {
        ActionSpan action => $"(action {string.Concat(action.Spans.Select(ShapeOf))})",
        StrongSpan strong => $"(strong {string.Concat(strong.Spans.Select(ShapeOf))})",
        SpeechSpan speech => $"(speech {string.Concat(speech.Spans.Select(ShapeOf))})",
        _ => WordsOf(span),
    };

    private static string Hostile(string?[] pieces, int seed)
    {
        string[] markers = ["*", "**", "\"", "“", "”", "`", "\n", "\n\n", " ", "<b>", "</p>", "<script>", "&amp;", "javascript:", "'", "onload="];
        var random = new Random(seed);
        // Without fences: their first line is dropped on purpose.
        return string.Concat(pieces.Select(piece => (piece ?? "").Replace("```", "", StringComparison.Ordinal) + markers[random.Next(markers.Length)]))
            .Replace("```", "`", StringComparison.Ordinal);
    }

    private static string Letters(string text) => string.Concat(text.Where(char.IsLetterOrDigit));

    private static string WordsOf(ProseBlock block) => block switch
    {
        CodeBlock code => code.Text,
        Paragraph paragraph => string.Concat(paragraph.Spans.Select(WordsOf)),
        _ => "",
    };

    private static string WordsOf(ProseSpan span) => span switch
    {
        TextSpan text => text.Text,
        CodeSpan code => code.Text,
        ActionSpan action => string.Concat(action.Spans.Select(WordsOf)),
        StrongSpan strong => string.Concat(strong.Spans.Select(WordsOf)),
        SpeechSpan speech => string.Concat(speech.Spans.Select(WordsOf)),
        _ => "",
    };
}
