namespace Comox.Memory.Vectors.Embedding;

/// <summary>The section <c>Comox:Memory:Roles</c>: which of the gateway's models does what for the memory.</summary>
internal sealed record RoleOptions
{
    public const string Section = "Comox:Memory:Roles";

    /// <summary>The model that turns texts into vectors; null or empty: none, and recall goes without.</summary>
    public string? Embed { get; init; }
}
