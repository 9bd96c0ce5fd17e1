using Microsoft.AspNetCore.Components;

namespace Comox.Web.Chat;

/// <summary>Where the person writes. Enter, growth and focus are the browser's part (<c>wwwroot/chat.js</c>).</summary>
public sealed partial class Composer : ComponentBase
{
    private const int MaxLength = 32_000;

    private string _text = "";
    private string _sent = "";
    private bool _wasStreaming;

    [Parameter, EditorRequired]
    public required string Name { get; set; }

    /// <summary>The session's id: what is written and not sent yet is the browser's to keep, for each by itself.</summary>
    [Parameter, EditorRequired]
    public required string Session { get; set; }

    [Parameter]
    public bool Streaming { get; set; }

    /// <summary>Whether anybody can answer.</summary>
    [Parameter]
    public bool Ready { get; set; }

    [Parameter]
    public EventCallback<string> OnSend { get; set; }

    [Parameter]
    public EventCallback OnStop { get; set; }

    // Before the circuit is there nobody hears what is typed.
    private bool CanType => Ready && !Streaming && RendererInfo.IsInteractive;

    private string Placeholder => Streaming ? $"{Name} is answering…" : Ready ? $"Write to {Name}" : "You can write as soon as the model is ready";

    /// <summary>Gives back a message that was not taken, before whatever has been written since.</summary>
    internal void PutBack(string text)
    {
        _text = _text.Length == 0 ? text : $"{text}\n{_text}";
        _sent = "";
        StateHasChanged();
    }

    protected override void OnParametersSet()
    {
        if (_wasStreaming && !Streaming)
            _sent = "";
        _wasStreaming = Streaming;
    }

    // Letters that were on their way when the message was taken come with the message in front: the browser empties its field a moment later.
    private void Write(string? text)
    {
        text ??= "";
        (_text, _sent) = _sent.Length > 0 && text.StartsWith(_sent, StringComparison.Ordinal) ? (text[_sent.Length..], _sent) : (text, "");
    }

    private Task SubmitAsync()
    {
        if (!CanType || string.IsNullOrWhiteSpace(_text))
            return Task.CompletedTask;
        var text = _text.Trim();
        (_sent, _text) = (_text, "");
        return OnSend.InvokeAsync(text);
    }
}
