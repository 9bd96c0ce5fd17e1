using Comox.ServiceDefaults.Clients;
using Comox.ServiceDefaults.Contracts.Memory;
using Microsoft.AspNetCore.Components;

namespace Comox.Web.Chat;

/// <summary>What went into one reply, and why: the receipt, readable.</summary>
public sealed partial class ReceiptPanel : ComponentBase
{
    private static readonly string[] Colors = ["#2a8c82", "#c98a3a", "#5577c9", "#a85f9c", "#7a9a3c", "#b5574a", "#6b7c86"];

    private Receipt? _receipt;
    private string? _problem;

    [Parameter, EditorRequired]
    public required string Id { get; set; }

    [Inject]
    private MemoryClient Memory { get; set; } = null!;

    private IReadOnlyList<RecalledItem> Included => [.. _receipt!.Recalled.Where(item => item.Included)];

    private IReadOnlyList<RecalledItem> LeftOut => [.. _receipt!.Recalled.Where(item => !item.Included)];

    private IEnumerable<KeyValuePair<string, int>> Sections => _receipt!.Budget.Sections.Where(section => section.Value > 0);

    private string BudgetInWords => string.Join(", ", Sections.Select(section => $"{section.Key} {section.Value} tokens"));

    protected override async Task OnInitializedAsync()
    {
        var receipt = await Memory.GetReceiptAsync(Id);
        _receipt = receipt.Value;
        _problem = receipt.Error?.Message;
    }

    private double Share(int tokens) => _receipt!.Budget.PromptTokens > 0 ? (double)tokens / _receipt.Budget.PromptTokens : 0;

    private string ColorOf(string section) => Colors[_receipt!.Budget.Sections.Keys.Order(StringComparer.Ordinal).ToList().IndexOf(section) % Colors.Length];
}
