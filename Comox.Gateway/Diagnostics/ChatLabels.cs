namespace Comox.Gateway.Diagnostics;

/// <summary>The labels of one chat's measurements, made once: recording must not allocate.</summary>
internal sealed class ChatLabels
{
    private readonly KeyValuePair<string, object?>[] _labels;

    public ChatLabels(string operation, string provider, string model) =>
        _labels = [new("gen_ai.operation.name", operation), new("gen_ai.provider.name", provider), new("gen_ai.request.model", model)];

    public ReadOnlySpan<KeyValuePair<string, object?>> All => _labels;

    public KeyValuePair<string, object?> Model => _labels[^1];

    public ReadOnlySpan<KeyValuePair<string, object?>> With(string label, string value) => (KeyValuePair<string, object?>[])[.. _labels, new(label, value)];
}
