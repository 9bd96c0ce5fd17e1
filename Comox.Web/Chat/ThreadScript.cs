using Microsoft.AspNetCore.Components;
using Microsoft.JSInterop;

namespace Comox.Web.Chat;

/// <summary>The browser's part of a thread (<c>wwwroot/chat.js</c>). A tab that is gone is no error here: there is nobody left to scroll for.</summary>
internal sealed class ThreadScript(IJSRuntime browser, string path) : IAsyncDisposable
{
    private IJSObjectReference? _module;
    private IJSObjectReference? _thread;

    public Task AttachAsync(ElementReference thread) => TryAsync(async () =>
    {
        _module ??= await browser.InvokeAsync<IJSObjectReference>("import", "/" + path);
        await LetGoAsync();
        _thread = await _module.InvokeAsync<IJSObjectReference>("attach", thread);
        await _thread.InvokeVoidAsync("focus");
    });

    public Task FollowAsync() => TryAsync(() => _thread is null ? ValueTask.CompletedTask : _thread.InvokeVoidAsync("follow"));

    /// <summary>The field was closed and could not hold the focus. Who has gone elsewhere with it stays there.</summary>
    public Task FocusAgainAsync() => TryAsync(() => _thread is null ? ValueTask.CompletedTask : _thread.InvokeVoidAsync("focusAgain"));

    public async ValueTask DisposeAsync() => await TryAsync(async () =>
    {
        await LetGoAsync();
        if (_module is not null)
            await _module.DisposeAsync();
    });

    // Both: the one lets go of the page's parts, and the other lets the browser forget the object, which keeps them.
    private async Task LetGoAsync()
    {
        if (_thread is not { } thread)
            return;
        _thread = null;
        await thread.InvokeVoidAsync("dispose");
        await thread.DisposeAsync();
    }

    private static async Task TryAsync(Func<ValueTask> act)
    {
        try
        {
            await act();
        }
        catch (Exception gone) when (gone is JSDisconnectedException or OperationCanceledException or JSException or ObjectDisposedException)
        {
            // See the summary.
        }
    }
}
