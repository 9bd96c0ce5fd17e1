using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using Comox.Gateway.Diagnostics;
using Microsoft.Extensions.DependencyInjection;

namespace Comox.Gateway.Tests;

public sealed class TelemetryTests
{
    [Fact]
    public async Task A_chat_is_measured_by_model_and_without_its_words()
    {
        await using var gateway = await GatewayUnderTest.StartAsync();
        var meters = gateway.Service.Services.GetRequiredService<IMeterFactory>();
        var measured = new ConcurrentDictionary<string, (double Value, string Tags)>();
        using var metrics = new MeterListener();
        metrics.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Scope == meters && instrument.Meter.Name == GatewayTelemetry.Name)
                listener.EnableMeasurementEvents(instrument);
        };
        metrics.SetMeasurementEventCallback<double>((instrument, value, tags, _) => measured[instrument.Name] = (value, Text(tags)));
        metrics.SetMeasurementEventCallback<long>((instrument, value, tags, _) => measured[instrument.Name] = (value, Text(tags)));
        metrics.Start();
        var spans = new ConcurrentQueue<string>();
        using var traces = new ActivityListener
        {
            ShouldListenTo = source => source.Name == GatewayTelemetry.Name,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            ActivityStopped = activity => spans.Enqueue($"{activity.DisplayName} {string.Join(' ', activity.TagObjects)}"),
        };
        ActivitySource.AddActivityListener(traces);

        await (await gateway.SendAsync(Chat.CharacterWhole.Replace("Hi", "a secret of mine"))).Content.ReadAsStringAsync();
        await Eventually.IsTrueAsync(() => measured.ContainsKey("gen_ai.server.request.duration"), "the duration is recorded");

        Assert.Equal((7, 5), (measured["gen_ai.client.inference.usage.input_tokens"].Value, measured["gen_ai.client.inference.usage.output_tokens"].Value));
        Assert.Contains("gen_ai.server.time_to_first_token", measured.Keys);
        Assert.All(measured.Values, measurement => Assert.Contains("fake-model", measurement.Tags));
        Assert.DoesNotContain(measured.Values, measurement => measurement.Tags.Contains("secret") || measurement.Tags.Contains("Hello"));
        Assert.Contains(spans, span => span.StartsWith("chat fake-model", StringComparison.Ordinal));
        Assert.DoesNotContain(spans, span => span.Contains("secret") || span.Contains("Hello"));
    }

    private static string Text(ReadOnlySpan<KeyValuePair<string, object?>> tags) => string.Join(' ', tags.ToArray());
}
