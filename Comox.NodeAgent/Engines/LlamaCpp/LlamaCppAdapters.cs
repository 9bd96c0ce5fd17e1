using System.Globalization;
using System.Text;
using Comox.NodeAgent.Adapters;
using Comox.NodeAgent.Supervision;

namespace Comox.NodeAgent.Engines.LlamaCpp;

/// <summary>
/// llama-server loads adapters when it starts and never later; a request says how strongly each of them is applied. All are given at scale 0
/// (<c>--lora-init-without-apply</c> has no effect in 0.7.0), and every request names all of them: an empty list would mean "as at the start", and an id that
/// does not exist is accepted without a word.
/// </summary>
internal sealed class LlamaCppAdapters : IAdapterUse
{
    // /v1/messages drops what it does not know; embeddings have no such choice. Tried with 0.7.0.
    private static readonly HashSet<string> Paths = new(StringComparer.Ordinal) { "/v1/chat/completions", "/v1/completions", "/v1/responses", "/completion" };

    public bool IsAtLaunch => true;

    public bool CanAdapt(string path) => Paths.Contains(path);

    // [{"id":0,"scale":0},{"id":1,"scale":0.5}]
    public byte[] Choice(IReadOnlyList<ChosenAdapter> all, ChosenAdapter? chosen)
    {
        var json = new StringBuilder("[");
        for (var at = 0; at < all.Count; at++)
            json.Append(CultureInfo.InvariantCulture, $"{(at == 0 ? "" : ",")}{{\"id\":{at},\"scale\":{(all[at] == chosen ? all[at].Spec.Scale : 0)}}}");
        return Encoding.UTF8.GetBytes(json.Append(']').ToString());
    }

    public Task<string?> LoadAsync(EngineEndpoint engine, ChosenAdapter adapter, CancellationToken cancellation) => Task.FromResult<string?>(null);

    public Task<string?> UnloadAsync(EngineEndpoint engine, ChosenAdapter adapter, CancellationToken cancellation) => Task.FromResult<string?>(null);

    /// <summary>For a start. The host's prompt cache is off with adapters: in 0.7.0 it does not know with which of them a prompt was read, and gives the model what an adapter made of it.</summary>
    public static IEnumerable<string> Arguments(IReadOnlyList<ChosenAdapter> adapters) =>
        [.. adapters.SelectMany(adapter => (string[])["--lora-scaled", $"{adapter.Path}:0"]), "--cache-ram", adapters.Count > 0 ? "0" : "512"];
}
