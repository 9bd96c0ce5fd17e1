using System.Diagnostics.Metrics;
using System.Text;
using Comox.Gateway.Diagnostics;
using Comox.Gateway.Diagnostics.Prometheus;
using Microsoft.Extensions.DependencyInjection;

namespace Comox.Gateway.Tests;

public sealed class MetricStoreTests : IDisposable
{
    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly MetricStore _store = new();
    private readonly Meter _meter;

    public MetricStoreTests()
    {
        var meters = _services.GetRequiredService<IMeterFactory>();
        _store.Listen(meters);
        _meter = meters.Create("Comox.Test");
    }

    public void Dispose()
    {
        _store.Dispose();
        _services.Dispose();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Whatever_a_label_or_a_description_says_can_be_read_again(bool openMetrics)
    {
        const string Nasty = "a \"quoted\" \\ back\\nslash,\nnext line } {é=\"\U0001F600\"";
        _meter.CreateCounter<long>("nasty", null, Nasty).Add(3, new KeyValuePair<string, object?>("some.label-1", Nasty));

        var page = Page(openMetrics);

        var family = Assert.Single(page.Families.Values);
        Assert.Equal(Nasty, family.Help);
        Assert.Equal(3, page.Value("nasty_total", ("some_label_1", Nasty)));
    }

    [Fact]
    public void A_histogram_counts_each_value_in_the_bucket_it_is_at_most_the_bound_of()
    {
        var histogram = _meter.CreateHistogram("wait", "s", "A wait.", null, new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.5, 1, 2] });
        foreach (var value in (double[])[0, 0.5, 0.6, 1, 1.5, 2, 2.5, 100])
            histogram.Record(value);

        var page = Page();

        Assert.Equal((2, 4, 6, 8), (Bucket("0.5"), Bucket("1"), Bucket("2"), Bucket("+Inf")));
        Assert.Equal((8, 108.1), (page.Value("wait_seconds_count"), page.Value("wait_seconds_sum")));

        double Bucket(string bound) => page.Value("wait_seconds_bucket", ("le", bound));
    }

    [Fact]
    public void OpenMetrics_names_the_family_of_a_counter_without_total_and_tells_units()
    {
        _meter.CreateCounter<double>("busy", "s", "Busy.").Add(1.5);
        _meter.CreateHistogram<long>("size", "By", "Size.", null, new InstrumentAdvice<long> { HistogramBucketBoundaries = [1, 1024] }).Record(7);

        var text = Text(openMetrics: true);

        Assert.Contains("# TYPE busy_seconds counter\n# UNIT busy_seconds seconds\nbusy_seconds_total 1.5\n", text);
        Assert.Contains("size_bytes_bucket{le=\"1024.0\"} 1\n", text);
        Assert.Contains("# TYPE busy_seconds_total counter\nbusy_seconds_total 1.5\n", Text());
    }

    [Fact]
    public void Labels_in_another_order_are_the_same_series()
    {
        var counter = _meter.CreateCounter<long>("ordered");
        counter.Add(1, new("a", "x"), new KeyValuePair<string, object?>("b", 1));
        counter.Add(2, new("b", 1), new KeyValuePair<string, object?>("a", "x"));

        Assert.Equal(3, Page().Value("ordered_total", ("a", "x"), ("b", "1")));
    }

    [Fact]
    public void The_values_of_a_label_have_an_end_and_nothing_is_lost_behind_it()
    {
        var counter = _meter.CreateCounter<long>("many");
        for (var i = 0; i < LabelValues.Limit + 500; i++)
            counter.Add(1, new KeyValuePair<string, object?>("who", $"name-{i}"));

        var page = Page();

        Assert.Equal(LabelValues.Limit + 1, page.Families["many_total"].Samples.Count);
        Assert.Equal(500, page.Value("many_total", ("who", LabelValues.Other)));
        Assert.Equal(LabelValues.Limit + 500, page.Families["many_total"].Samples.Sum(sample => sample.Value));
    }

    [Fact]
    public void The_series_of_a_family_have_an_end_too()
    {
        var counter = _meter.CreateCounter<long>("crossed");
        for (var i = 0; i < 100; i++)
            for (var j = 0; j < 100; j++)
                counter.Add(1, new("a", i), new KeyValuePair<string, object?>("b", j));

        var samples = Page().Families["crossed_total"].Samples;

        Assert.Equal(MetricFamily.MaxSeries + 1, samples.Count);
        Assert.Equal(10_000, samples.Sum(sample => sample.Value));
    }

    [Fact]
    public void A_gauge_that_is_asked_for_shows_what_it_says_this_time()
    {
        var engines = new List<string> { "one", "two" };
        _meter.CreateObservableGauge("engines", () => engines.Select(name => new Measurement<int>(1, new KeyValuePair<string, object?>("name", name))));
        Assert.Equal(2, Page().Families["engines"].Samples.Count);

        engines.Remove("one");

        Assert.Equal("two", Assert.Single(Page().Families["engines"].Samples).Labels["name"]);
    }

    [Fact]
    public void What_would_spoil_a_counter_or_a_sum_is_passed_over()
    {
        var counter = _meter.CreateCounter<long>("up");
        counter.Add(5);
        counter.Add(-3);
        var histogram = _meter.CreateHistogram<double>("sane");
        histogram.Record(1);
        histogram.Record(double.NaN);

        var page = Page();

        Assert.Equal((5, 1, 1), (page.Value("up_total"), page.Value("sane_sum"), page.Value("sane_count")));
    }

    [Fact]
    public void Two_instruments_that_come_to_one_name_are_not_mixed()
    {
        _meter.CreateCounter<long>("same.name").Add(1);
        _meter.CreateHistogram<long>("same_name").Record(9);

        Assert.Equal("counter", Assert.Single(Page().Families.Values).Type);
    }

    [Fact]
    public void Meters_of_others_are_not_shown()
    {
        _services.GetRequiredService<IMeterFactory>().Create("Somebody.Else").CreateCounter<long>("theirs").Add(1);
        using var unowned = new Meter("Comox.Unowned");
        unowned.CreateCounter<long>("of_another_host").Add(1);

        Assert.Empty(_store.Read());
    }

    [Fact]
    public void Recording_into_a_known_series_allocates_nothing()
    {
        var histogram = _meter.CreateHistogram<double>("hot", "s");
        KeyValuePair<string, object?>[] labels = [new("model", "mara"), new("provider", "llamacpp")];
        for (var i = 0; i < 1_000; i++)
            histogram.Record(0.01, labels);

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 10_000; i++)
            histogram.Record(0.01, labels);

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public async Task Nothing_is_lost_when_many_record_at_once()
    {
        var counter = _meter.CreateCounter<long>("busy");
        var histogram = _meter.CreateHistogram<double>("busy.wait");
        await Task.WhenAll(Enumerable.Range(0, 8).Select(who => Task.Run(() =>
        {
            for (var i = 0; i < 5_000; i++)
            {
                counter.Add(1, new KeyValuePair<string, object?>("who", i % 7));
                histogram.Record(1);
            }
        })));

        var page = Page();

        Assert.Equal(40_000, page.Families["busy_total"].Samples.Sum(sample => sample.Value));
        Assert.Equal((40_000, 40_000), (page.Value("busy_wait_count"), page.Value("busy_wait_sum")));
    }

    private MetricsPage Page(bool openMetrics = false) => MetricsPage.Parse(Text(openMetrics), openMetrics);

    private string Text(bool openMetrics = false)
    {
        var writer = new PrometheusWriter(openMetrics);
        foreach (var (family, series) in _store.Read())
            writer.Write(family, series);
        return Encoding.UTF8.GetString(writer.End());
    }
}
