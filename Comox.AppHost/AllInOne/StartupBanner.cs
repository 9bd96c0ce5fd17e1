using Comox.ServiceDefaults;
using Comox.ServiceDefaults.Contracts.Nodes;

namespace Comox.AllInOne;

/// <summary>What a person needs to know once, in words.</summary>
internal sealed class StartupBanner(ComoxHome home, LocalKeys keys, TextWriter output)
{
    public void Welcome(string address)
    {
        var page = SelfAddresses.Callable(address).Replace("127.0.0.1", "localhost", StringComparison.Ordinal);
        var key = keys.AdminKeyFile is null ? $"${ServiceAuthentication.AdminKeySetting.Replace(":", "__", StringComparison.Ordinal)}" : keys.AdminKey;
        output.WriteLine($"""

              Comox is running.

                Page       {page}
                API        {page}/v1   (OpenAI-compatible; a character is a model name)
                Admin key  {(keys.AdminKeyFile is null ? "as set in Comox:Gateway:AdminKey" : $"{key}   (kept in {keys.AdminKeyFile})")}
                Data       {home.Path}

                curl {page}/v1/chat/completions -H "Authorization: Bearer {key}" -H "Content-Type: application/json" -d '{Body}'

              """);
        output.Flush();
    }

    /// <param name="model">The model of the engine that people chat with.</param>
    /// <param name="state">Of that engine.</param>
    public void Ready(EngineModel model, string state)
    {
        output.WriteLine($"  Ready: chatting on {model.Name} ({model.Source}{(state == EngineStates.Ready ? "" : ", loaded when it is asked for")}).{(model.Notice is null ? "" : $" {model.Notice}")}");
        output.Flush();
    }

    private const string Body = """{"model":"character/brine","messages":[{"role":"user","content":"Hello! I live in Ljubljana."}]}""";
}
