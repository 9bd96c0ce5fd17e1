using Comox.Gateway.Backends;
using Comox.Gateway.LoadBalancing;

namespace Comox.Gateway.Routing;

/// <summary>One entry of <c>Comox:Gateway:Routes</c>: a model name and where it is answered. Bound by the generated binder, which needs setters.</summary>
internal sealed record RouteOptions
{
    /// <summary>The name clients send. May hold what a configuration key may not, which is why it is a value.</summary>
    public string Model { get; set; } = "";

    /// <summary>In order: the next one is asked when none of the one before can answer.</summary>
    public PoolOptions[] Pools { get; set; } = [];

    public LoadBalancingOptions LoadBalancing { get; set; } = new();

    /// <summary>Backends one request is sent to at the most, one after the other.</summary>
    public int MaxAttempts { get; set; } = 3;

    /// <summary>Whether an answer that breaks in its middle is continued on another backend.</summary>
    public bool Continue { get; set; } = true;

    /// <summary>The silence after which a second backend is asked for the first token as well, or for the whole answer where it comes whole; null: never.</summary>
    public TimeSpan? HedgeAfter { get; set; }

    /// <summary>Overrides <see cref="GatewayOptions.FirstTokenTimeout"/>.</summary>
    public TimeSpan? FirstTokenTimeout { get; set; }

    /// <summary>Overrides <see cref="GatewayOptions.TokenIdleTimeout"/>.</summary>
    public TimeSpan? TokenIdleTimeout { get; set; }

    /// <summary>Overrides <see cref="GatewayOptions.TotalTimeout"/>.</summary>
    public TimeSpan? TotalTimeout { get; set; }
}

/// <summary>Interchangeable backends.</summary>
internal sealed record PoolOptions
{
    public string Name { get; set; } = "";

    public BackendOptions[] Backends { get; set; } = [];

    /// <summary>The engines of the fleet that hold this model are part of the pool; null: none. Usually the route's own name.</summary>
    public string? Fleet { get; set; }
}

/// <summary>A server with an address of its own.</summary>
internal sealed record BackendOptions
{
    public string Name { get; set; } = "";

    /// <summary>One of <see cref="BackendKinds"/>.</summary>
    public string Kind { get; set; } = BackendKinds.OpenAI;

    /// <summary>Its base address, for example <c>https://api.openai.com/v1</c>; without a path, <c>/v1</c> is meant.</summary>
    public string Url { get; set; } = "";

    /// <summary>A secret: never logged and never told.</summary>
    public string? ApiKey { get; set; }

    /// <summary>What the model is called there; null: as here.</summary>
    public string? Model { get; set; }

    public double Weight { get; set; } = 1;

    /// <summary>Requests it works on at once; null: unknown.</summary>
    public int? Slots { get; set; }

    /// <summary>Tokens of prompt and reply together; for characters, whose prompts are made to fit.</summary>
    public int? ContextTokens { get; set; }
}
