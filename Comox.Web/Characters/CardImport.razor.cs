using Comox.ServiceDefaults.Clients;
using Comox.Web.Controls;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Forms;
using Microsoft.Extensions.Options;
using Microsoft.JSInterop;

namespace Comox.Web.Characters;

/// <summary>Brings cards in, several at once; what is wrong with one does not keep the others out.</summary>
public sealed partial class CardImport : ComponentBase
{
    private const int MaxFiles = 50;

    private readonly List<Outcome> _outcomes = [];
    private bool _busy;
    private int _round;

    /// <summary>At least one card came in.</summary>
    [Parameter]
    public EventCallback OnImported { get; set; }

    [Inject]
    private MemoryClient Memory { get; set; } = null!;

    [Inject]
    private IOptions<WebOptions> Options { get; set; } = null!;

    private async Task ImportAsync(InputFileChangeEventArgs chosen)
    {
        _outcomes.Clear();
        if (chosen.FileCount > MaxFiles)
        {
            _outcomes.Add(new Outcome($"{chosen.FileCount} files", $"are too many at once; choose up to {MaxFiles}.", null));
            return;
        }

        _busy = true;
        foreach (var file in chosen.GetMultipleFiles(MaxFiles))
        {
            _outcomes.Add(await ImportAsync(file));
            StateHasChanged();
        }

        _busy = false;
        _round++; // A fresh input: the same file, mended, can be chosen again.
        if (_outcomes.Exists(outcome => outcome.Character is not null))
            await OnImported.InvokeAsync();
    }

    private async Task<Outcome> ImportAsync(IBrowserFile file)
    {
        if (MediaTypeOf(file.Name) is not { } type)
            return new Outcome(file.Name, "is neither a .json nor a .png file.", null);
        if (file.Size > Options.Value.MaxCardBytes)
            return new Outcome(file.Name, $"has {Wording.Bytes(file.Size)}; a card may have {Wording.Bytes(Options.Value.MaxCardBytes)}.", null);

        try
        {
            // Read whole first: the service's client may send it twice, and the browser's stream comes only once.
            using var card = new MemoryStream();
            await using (var upload = file.OpenReadStream(Options.Value.MaxCardBytes))
                await upload.CopyToAsync(card);
            card.Position = 0;
            var imported = await Memory.ImportCharacterAsync(card, type);
            return imported.IsSuccess
                ? new Outcome(file.Name, Welcome(imported.Value.Name, imported.Value.Warnings), imported.Value.Slug)
                : new Outcome(file.Name, imported.Error.Message, null);
        }
        catch (IOException problem)
        {
            return new Outcome(file.Name, $"could not be read: {problem.Message}", null);
        }
        catch (Exception problem) when (problem is InvalidOperationException or JSException)
        {
            // The browser's word for a file that is not what it was when it was chosen; what it says is for programmers.
            return new Outcome(file.Name, "could not be read: it was changed or moved meanwhile. Choose it again.", null);
        }
    }

    private static string Welcome(string name, IReadOnlyList<string> warnings) =>
        warnings.Count == 0 ? $"{name} is here." : $"{name} is here. {string.Join(' ', warnings)}";

    private static string? MediaTypeOf(string file) => Path.GetExtension(file).ToLowerInvariant() switch
    {
        ".json" => "application/json",
        ".png" => "image/png",
        _ => null,
    };

    private sealed record Outcome(string File, string Message, string? Character);
}
