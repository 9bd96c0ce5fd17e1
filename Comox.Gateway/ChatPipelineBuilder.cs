using Comox.Gateway.Forwarding;

namespace Comox.Gateway;

/// <summary>The rest of the pipeline, seen from one step.</summary>
internal delegate ValueTask<ForwardError?> ChatHandler(Exchange exchange);

/// <summary>One step. It calls the next one to go on, or answers an error to stop.</summary>
internal interface IChatStep
{
    ValueTask<ForwardError?> InvokeAsync(Exchange exchange, ChatHandler next);
}

/// <summary>Chains steps, the last one innermost.</summary>
internal sealed class ChatPipelineBuilder(IServiceProvider services)
{
    private readonly List<IChatStep> _steps = [];

    public ChatPipelineBuilder Use<TStep>()
        where TStep : IChatStep
    {
        _steps.Add(services.GetRequiredService<TStep>());
        return this;
    }

    public ChatHandler Build()
    {
        ChatHandler handler = static _ => throw new InvalidOperationException("The last step of the pipeline must answer.");
        foreach (var step in Enumerable.Reverse(_steps))
        {
            var next = handler;
            handler = exchange => step.InvokeAsync(exchange, next);
        }

        return handler;
    }
}
