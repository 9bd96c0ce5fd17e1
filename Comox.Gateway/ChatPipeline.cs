using Comox.Gateway.CircuitBreaking;
using Comox.Gateway.Diagnostics;
using Comox.Gateway.Fallback;
using Comox.Gateway.Forwarding;
using Comox.Gateway.LoadBalancing;
using Comox.Gateway.Recall;
using Comox.Gateway.Routing;

namespace Comox.Gateway;

/// <summary>One chat request, step by step. The order of the lines is the order in time.</summary>
internal sealed class ChatPipeline(IServiceProvider services)
{
    private readonly ChatHandler _first = new ChatPipelineBuilder(services)
        .Use<MeasureStep>()       // counts the chat and how it ended, refusals included
        .Use<RoutingStep>()       // model name → ModelRoute, or 404; refuses early when no backend could answer
        .Use<RecallStep>()        // characters: the memory service turns the messages into a super-prompt
        .Use<FallbackStep>()      // next backend, next pool, while nothing is said; then continuation
        .Use<LoadBalancingStep>() // pool → one backend, with the permit of its circuit
        .Use<CircuitStep>()       // reports the outcome
        .Use<ForwardStep>()       // send, pump, account
        .Build();

    /// <summary>Null when the client has its answer (or has left), else what the client is still to be told.</summary>
    public ValueTask<ForwardError?> RunAsync(Exchange exchange) => _first(exchange);
}
