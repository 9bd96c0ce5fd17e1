namespace Comox.ServiceDefaults.Contracts.OpenAI;

/// <summary>One chat message as text. <paramref name="Role"/> is system, developer, user, assistant or tool.</summary>
public sealed record ChatMessage(string Role, string Content);
