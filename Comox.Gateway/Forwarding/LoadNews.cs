using System.Globalization;
using Comox.Gateway.Backends;

namespace Comox.Gateway.Forwarding;

/// <summary>What a client is told that waits for a model to be loaded: from the events of the backend's node, which come with every change.</summary>
internal sealed class LoadNews(Fleet fleet)
{
    /// <returns><c>loading ada: place 2, about 3.1 s</c>; null when the model is in memory, or nobody knows.</returns>
    public string? Of(Backend asked)
    {
        if (fleet.Current.Find(asked.Model.Name)?.Backends.FirstOrDefault(backend => backend.Load == asked.Load) is not { IsLoaded: false, Engine: { } engine })
            return null;
        var place = engine.Place is { } number ? string.Create(CultureInfo.InvariantCulture, $": place {number}") : "";
        var seconds = engine.EtaSeconds is { } eta ? string.Create(CultureInfo.InvariantCulture, $"{(place.Length > 0 ? "," : ":")} about {eta:0.#} s") : "";
        return $"loading {asked.Model.Name}{place}{seconds}";
    }
}
