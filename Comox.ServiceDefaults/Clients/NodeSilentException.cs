namespace Comox.ServiceDefaults.Clients;

/// <summary>A node has sent nothing for longer than it may, over a connection that nobody closed.</summary>
/// <param name="silence">For how long.</param>
public sealed class NodeSilentException(TimeSpan silence) : IOException($"Nothing was received for {silence.TotalSeconds:0.#} s.");
