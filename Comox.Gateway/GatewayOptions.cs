using Comox.Gateway.Backends;
using Microsoft.Extensions.Options;

namespace Comox.Gateway;

/// <summary>Section <c>Comox:Gateway</c>. The admin key of the same section belongs to the shared authentication.</summary>
/// <remarks><c>set</c> and not <c>init</c>: the binder is generated for the native executable, and passes over what it may only initialise without a word.</remarks>
internal sealed record GatewayOptions
{
    public const string Section = "Comox:Gateway";

    /// <summary>
    /// Base addresses of the node agents, for example <c>http://gpu-1:5330</c>, or <c>dns+http://agents:5330</c> for a name with a DNS record for each; empty: those that service
    /// discovery calls <c>nodeagent</c>. Agents that register come on top.
    /// </summary>
    public string[] Nodes { get; set; } = [];

    /// <summary>The plain model that speaks for characters; null: that of the first ready chat engine.</summary>
    public string? DefaultModel { get; set; }

    /// <summary>Origins whose pages may call <c>/v1</c> from a browser, for example <c>https://chat.example.org</c>, or <c>*</c> for every one; none by default.</summary>
    public string[] BrowserOrigins { get; set; } = [];

    /// <summary>The largest request body taken, in bytes.</summary>
    public int MaxRequestBytes { get; set; } = 16 * 1024 * 1024;

    /// <summary>The largest event taken from an engine, in bytes: an engine that never ends a line must not eat the memory.</summary>
    public int MaxEventBytes { get; set; } = 4 * 1024 * 1024;

    /// <summary>The largest answer taken that is not streamed, in bytes.</summary>
    public int MaxAnswerBytes { get; set; } = 64 * 1024 * 1024;

    /// <summary>How long a node may take to accept a connection.</summary>
    public TimeSpan ConnectTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How long an engine may take from the request to its first token: waiting for a slot and reading the prompt. An answer that is passed through whole shows no token: for it only <see cref="TotalTimeout"/> counts.</summary>
    public TimeSpan FirstTokenTimeout { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>The longest pause between two tokens. Comments and heartbeats do not count as tokens.</summary>
    public TimeSpan TokenIdleTimeout { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>The longest that one answer may take from its request to its end, over all attempts.</summary>
    public TimeSpan TotalTimeout { get; set; } = TimeSpan.FromHours(2);

    /// <summary>How long to wait for <c>[DONE]</c> after the finish reason before ending the answer without it.</summary>
    public TimeSpan EndOfStreamTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>The silence after which a streaming client gets a comment, so that no proxy in between closes the connection.</summary>
    public TimeSpan KeepAliveInterval { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>How long what a client does not take of a stream may wait for it before its connection is closed. A little taken now and then does not help.</summary>
    public TimeSpan SlowClientTimeout { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>How long the memory service may take to assemble a super-prompt.</summary>
    public TimeSpan RecallTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a request waits until the session's earlier replies have reached the memory service.</summary>
    public TimeSpan PendingReplyWait { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>How long chats in flight may take to finish when the gateway stops; what they have said by then is kept.</summary>
    public TimeSpan DrainTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// How long new requests are still served once the gateway is asked to stop and <c>/health</c> says so. Kubernetes takes seconds until no more are sent to a pod that ends.
    /// </summary>
    public TimeSpan DrainDelay { get; set; } = TimeSpan.Zero;

    /// <summary>How long <c>GET /v1/models</c> waits for the characters before it answers without them.</summary>
    public TimeSpan ModelListTimeout { get; set; } = TimeSpan.FromSeconds(2);
}

/// <summary>Finds every fault of the section at once; each message names its key.</summary>
internal sealed class GatewayOptionsValidator : IValidateOptions<GatewayOptions>
{
    private static readonly TimeSpan Longest = TimeSpan.FromHours(24);

    public ValidateOptionsResult Validate(string? name, GatewayOptions options)
    {
        var faults = new List<string>();
        for (var i = 0; i < options.Nodes.Length; i++)
        {
            if (!Uri.TryCreate(options.Nodes[i], UriKind.Absolute, out var address) || !NodeConnector.IsAllowed(address))
                faults.Add($"{GatewayOptions.Section}:Nodes:{i} must be the http or https address of a node agent, or dns+http:// and a name with a record for each, not '{options.Nodes[i]}'.");
        }

        for (var i = 0; i < options.BrowserOrigins.Length; i++)
        {
            var origin = options.BrowserOrigins[i];
            if (origin != "*" && !(Uri.TryCreate(origin, UriKind.Absolute, out var page) && page.Scheme is "http" or "https" && page is { PathAndQuery: "/", Fragment: "", UserInfo: "" }))
                faults.Add($"{GatewayOptions.Section}:{nameof(options.BrowserOrigins)}:{i} must be an origin such as https://chat.example.org, without a path, or *, not '{origin}'.");
        }

        if (options.MaxRequestBytes is < 1024 or > 1024 * 1024 * 1024)
            faults.Add($"{GatewayOptions.Section}:{nameof(options.MaxRequestBytes)} must be between 1024 and 1073741824.");
        if (options.MaxEventBytes is < 4096 or > 256 * 1024 * 1024)
            faults.Add($"{GatewayOptions.Section}:{nameof(options.MaxEventBytes)} must be between 4096 and 268435456.");
        if (options.MaxAnswerBytes is < 4096 or > 1024 * 1024 * 1024)
            faults.Add($"{GatewayOptions.Section}:{nameof(options.MaxAnswerBytes)} must be between 4096 and 1073741824.");

        Positive(options.ConnectTimeout, nameof(options.ConnectTimeout));
        Positive(options.FirstTokenTimeout, nameof(options.FirstTokenTimeout));
        Positive(options.TokenIdleTimeout, nameof(options.TokenIdleTimeout));
        Positive(options.TotalTimeout, nameof(options.TotalTimeout));
        Positive(options.EndOfStreamTimeout, nameof(options.EndOfStreamTimeout));
        Positive(options.KeepAliveInterval, nameof(options.KeepAliveInterval));
        Positive(options.SlowClientTimeout, nameof(options.SlowClientTimeout));
        Positive(options.RecallTimeout, nameof(options.RecallTimeout));
        Positive(options.PendingReplyWait, nameof(options.PendingReplyWait));
        Positive(options.DrainTimeout, nameof(options.DrainTimeout));
        if (options.DrainDelay < TimeSpan.Zero || options.DrainDelay > Longest)
            faults.Add($"{GatewayOptions.Section}:{nameof(options.DrainDelay)} must be a time such as 00:00:05, at most a day.");
        Positive(options.ModelListTimeout, nameof(options.ModelListTimeout));
        return faults.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(faults);

        void Positive(TimeSpan value, string key)
        {
            if (value <= TimeSpan.Zero || value > Longest)
                faults.Add($"{GatewayOptions.Section}:{key} must be a time such as 00:00:30, above zero and at most a day.");
        }
    }
}
