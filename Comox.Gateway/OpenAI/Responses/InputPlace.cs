namespace Comox.Gateway.OpenAI.Responses;

/// <summary>Where the input of a request belongs: all of it is new.</summary>
/// <param name="Session">The conversation's session.</param>
/// <param name="After">The turn of the reply that it follows; null: the session's end.</param>
internal sealed record InputPlace(string Session, string? After);
