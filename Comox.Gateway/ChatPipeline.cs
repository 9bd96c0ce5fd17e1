using Comox.Gateway.Diagnostics;
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
        .Use<RoutingStep>()       // model name → ModelRoute, or 404; refuses early when no engine could answer
        .Use<RecallStep>()        // characters: the memory service turns the messages into a super-prompt
        .Use<LoadBalancingStep>() // pool → one ready backend
        .Use<ForwardStep>()       // send, pump, hand the reply over
        .Build();

    /// <summary>Null when the client has its answer (or has left), else what the client is still to be told.</summary>
    public ValueTask<ForwardError?> RunAsync(Exchange exchange) => _first(exchange);
}
