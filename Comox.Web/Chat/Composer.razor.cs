using Microsoft.AspNetCore.Components;

namespace Comox.Web.Chat;

/// <summary>Where the person writes. Enter, growth and focus are the browser's part (<c>wwwroot/chat.js</c>).</summary>
public sealed partial class Composer : ComponentBase
{
    private const int MaxLength = 32_000;

    private string _text = "";

    [Parameter, EditorRequired]
    public required string Name { get; set; }

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

    /// <summary>Gives back a message that was not taken, unless the person is writing another one already.</summary>
    internal void PutBack(string text)
    {
        if (_text.Length > 0)
            return;
        _text = text;
        StateHasChanged();
    }

    private Task SubmitAsync()
    {
        if (!CanType || string.IsNullOrWhiteSpace(_text))
            return Task.CompletedTask;
        var text = _text.Trim();
        _text = "";
        return OnSend.InvokeAsync(text);
    }
}
