using Comox.NodeAgent.ModelCache;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;

namespace Comox.NodeAgent.Tests.ModelCache;

/// <summary>What makes room, over any cache.</summary>
public sealed class CacheEvictionTests
{
    private static Arbitrary<IReadOnlyList<Evictable>> Caches() =>
        (from bytes in Gen.Choose(0, 1000)
         from seconds in Gen.Choose(0, 100)
         from frequency in Gen.Choose(0, 20)
         from pinned in Gen.Frequency((4, Gen.Constant(false)), (1, Gen.Constant(true)))
         from open in Gen.Frequency((4, Gen.Constant(false)), (1, Gen.Constant(true)))
         select new Evictable("", bytes, seconds, frequency / 4.0, pinned, open))
        .ListOf()
        .Select(models => (IReadOnlyList<Evictable>)[.. models.Select((model, i) => model with { Id = $"m{i}" })])
        .ToArbitrary();

    [Property(MaxTest = 1000)]
    public Property What_is_pinned_or_open_never_goes() =>
        Prop.ForAll(Caches(), Wanted(), (models, wanted) => (CacheEviction.Choose(models, wanted) ?? []).All(model => model is { Pinned: false, Open: false }));

    [Property(MaxTest = 1000)]
    public Property Room_is_made_whenever_it_can_be_and_nothing_goes_when_it_cannot() =>
        Prop.ForAll(Caches(), Wanted(), (models, wanted) =>
            CacheEviction.Choose(models, wanted) is { } going
                ? going.Sum(model => model.Bytes) >= wanted
                : models.Where(model => model is { Pinned: false, Open: false }).Sum(model => model.Bytes) < wanted);

    [Property(MaxTest = 1000)]
    public Property None_goes_too_many() =>
        Prop.ForAll(Caches(), Wanted(), (models, wanted) => (CacheEviction.Choose(models, wanted) ?? [])
            is var going && going.All(model => going.Sum(other => other.Bytes) - model.Bytes < wanted));

    [Property(MaxTest = 1000)]
    public Property One_that_stays_for_nothing_is_never_cheaper_and_large_enough_to_have_gone_instead() =>
        Prop.ForAll(Caches(), Wanted(), (models, wanted) => CacheEviction.Choose(models, wanted) is not { Count: > 0 } going
            || models.Where(model => model.MayGo && !going.Contains(model))
                .All(stays => going.Max(model => model.CostPerByte) <= stays.CostPerByte || stays.Bytes < wanted));

    [Property(MaxTest = 1000)]
    public Property The_order_of_the_list_changes_nothing() =>
        Prop.ForAll(Caches(), Wanted(), (models, wanted) =>
            (CacheEviction.Choose(models, wanted)?.Select(model => model.Id) ?? []).SequenceEqual(CacheEviction.Choose(models.Reverse(), wanted)?.Select(model => model.Id) ?? []));

    [Fact]
    public void Of_two_models_that_are_used_alike_the_one_that_is_quicker_to_have_again_goes()
    {
        Evictable near = new("near", 100, ReloadSeconds: 1, Frequency: 5, false, false), far = new("far", 100, ReloadSeconds: 60, Frequency: 5, false, false);
        Assert.Equal([near], CacheEviction.Choose([far, near], 50));
    }

    [Fact]
    public void A_model_that_nobody_uses_any_more_goes_before_one_that_many_do()
    {
        Evictable old = new("old", 100, 60, Frequency: 0.1, false, false), loved = new("loved", 100, 60, Frequency: 9, false, false);
        Assert.Equal([old], CacheEviction.Choose([loved, old], 50));
    }

    private static Arbitrary<int> Wanted() => Gen.Choose(0, 4000).ToArbitrary();
}
