namespace Comox.FakeBackend;

/// <summary>A call of a function; <paramref name="Arguments"/> is JSON.</summary>
public sealed record FakeToolCall(string Id, string Name, string Arguments);
