using Comox.ServiceDefaults.Contracts.Nodes;

namespace Comox.Gateway.Routing;

/// <summary>What the name a client sent stands for.</summary>
/// <param name="Model">The plain model that answers.</param>
/// <param name="Profile">What that model can be given.</param>
/// <param name="Character">Slug of the character that speaks through it; null for a plain model.</param>
internal sealed record ModelRoute(string Model, PromptProfile Profile, string? Character)
{
    /// <summary><c>character/ada</c> is the character with the slug <c>ada</c>.</summary>
    public const string CharacterPrefix = "character/";
}
