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
        if (_thread is not null)
            await _thread.InvokeVoidAsync("dispose");
        _thread = await _module.InvokeAsync<IJSObjectReference>("attach", thread);
        await _thread.InvokeVoidAsync("focus");
    });

    public Task FollowAsync() => TryAsync(() => _thread is null ? ValueTask.CompletedTask : _thread.InvokeVoidAsync("follow"));

    public Task FocusAsync() => TryAsync(() => _thread is null ? ValueTask.CompletedTask : _thread.InvokeVoidAsync("focus"));

    public async ValueTask DisposeAsync() => await TryAsync(async () =>
    {
        if (_thread is not null)
            await _thread.InvokeVoidAsync("dispose");
        if (_module is not null)
            await _module.DisposeAsync();
    });

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
