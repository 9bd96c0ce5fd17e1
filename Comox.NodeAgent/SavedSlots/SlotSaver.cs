using System.Globalization;
using System.Text.Json;
using Comox.NodeAgent.ModelCache;
using Comox.NodeAgent.Supervision;
using Microsoft.Extensions.Options;

namespace Comox.NodeAgent.SavedSlots;

/// <summary>
/// Saves what an engine has read of conversations before it is ended in good order, and gives it back when its model is loaded again: whoever goes on with
/// one of them then waits for the new words alone. Slots go back to their numbers; the engine itself finds the one whose beginning a prompt shares. An engine that
/// cannot, a full disk or a slow one only cost the saving, never the ending.
/// </summary>
internal sealed class SlotSaver(SlotFolders folders, IDriveSpace drive, IOptions<NodeAgentOptions> options, TimeProvider time, ILogger<SlotSaver> log)
{
    // Measured: 0.4 ms for 80 tokens of a small model; 50 ms for 1745 of a large one.
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    public string? FolderOf(string engine) => folders.Of(engine);

    /// <param name="engine">Without requests, and answering.</param>
    /// <param name="recipe">What runs.</param>
    /// <param name="endpoint">Where it answers.</param>
    /// <param name="cancellation">Ends the saving.</param>
    public Task SaveAsync(EngineHandle engine, EngineRecipe recipe, EngineEndpoint endpoint, CancellationToken cancellation) => TryAsync(engine, "saved", async (slots, stop) =>
    {
        folders.Clear(engine.Id);
        var saved = new List<EngineSlot>();
        var room = Math.Min(folders.Budget, drive.FreeBytes(folders.Of(engine.Id)!) - options.Value.Cache.ReserveBytes);
        foreach (var slot in (await slots.ListAsync(endpoint, stop)).OrderByDescending(slot => slot.Tokens))
        {
            if (Bytes(recipe, saved.Sum(other => (long)other.Tokens) + slot.Tokens) > room)
                continue;
            await slots.SaveAsync(endpoint, slot.Id, SlotFolders.FileOf(slot), stop);
            saved.Add(slot);
        }

        if (saved.Count == 0)
            return;
        folders.MakeRoom(engine.Id, Bytes(recipe, saved.Sum(slot => (long)slot.Tokens)));
        folders.Note(engine.Id, new SlotNote(KeyOf(recipe), time.GetUtcNow(), saved));
        log.SlotsSaved(engine.Id, saved.Count, saved.Sum(slot => slot.Tokens));
    }, recipe, clearOnFailure: true, cancellation);

    /// <summary>Gives back what was saved, where it fits; it is deleted in any case.</summary>
    public Task RestoreAsync(EngineHandle engine, EngineRecipe recipe, EngineEndpoint endpoint, CancellationToken cancellation) => TryAsync(engine, "restored", async (slots, stop) =>
    {
        if (folders.Find(engine.Id) is { } note && note.For == KeyOf(recipe))
        {
            foreach (var slot in note.Slots.Where(slot => slot.Id < recipe.Service.Slots))
            {
                await slots.RestoreAsync(endpoint, slot, SlotFolders.FileOf(slot), stop);
                folders.Delete(slot, engine.Id);
            }

            log.SlotsRestored(engine.Id, note.Slots.Count, note.Slots.Sum(slot => slot.Tokens));
        }

        folders.Clear(engine.Id);
    }, recipe, clearOnFailure: true, cancellation);

    private async Task TryAsync(EngineHandle engine, string what, Func<IEngineSlots, CancellationToken, Task> act, EngineRecipe recipe, bool clearOnFailure, CancellationToken cancellation)
    {
        if (recipe.Kind.Slots is not { } slots || folders.Of(engine.Id) is null)
            return;
        using var limit = new CancellationTokenSource(Limit, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellation);
        try
        {
            await act(slots, both.Token);
        }
        catch (Exception problem) when (problem is HttpRequestException or IOException or UnauthorizedAccessException or JsonException or InvalidOperationException or KeyNotFoundException or OperationCanceledException)
        {
            log.SlotsNotKept(engine.Id, what, problem.Message);
            try
            {
                if (clearOnFailure)
                    folders.Clear(engine.Id);
            }
            catch (Exception still) when (still is IOException or UnauthorizedAccessException)
            {
                log.SlotsNotKept(engine.Id, "deleted", still.Message);
            }
        }
    }

    // Keys and values, and the tokens themselves. Where the model does not tell, its slots are taken to fit.
    private static long Bytes(EngineRecipe recipe, long tokens) => tokens * ((recipe.Service.Chosen.Info.KeyValueBytesPerToken ?? 0) + 8);

    /// <summary>Into anything else they must not come: the weights, by the digest in the cache or else by size and time; the program; the shape; the adapters.</summary>
    private static string KeyOf(EngineRecipe recipe) => string.Create(CultureInfo.InvariantCulture,
        $"{recipe.Program.Version} {recipe.Service.Slots}x{recipe.Service.SlotContext} {string.Join(' ', recipe.Service.Chosen.Weights.Concat(recipe.Service.LaunchedAdapters.Select(adapter => adapter.Path)).Select(Identity))} {string.Join(' ', recipe.Service.LaunchedAdapters.Select(adapter => adapter.Spec.Scale))}");

    private static string Identity(string file)
    {
        var found = new FileInfo(BlobLeases.Resolve(file));
        return string.Create(CultureInfo.InvariantCulture, $"{found.FullName}:{found.Length}:{found.LastWriteTimeUtc.Ticks}");
    }
}
