using Comox.Memory.Recall;

namespace Comox.Memory.Tests;

public sealed class RecallPackingTests
{
    [Fact]
    public void What_is_worth_more_for_its_tokens_goes_in_first() =>
        Assert.Equal([1, 2], Packing.Choose([(1.0, 100), (.9, 40), (.8, 40)], 100, power: 1));

    [Fact]
    public void By_score_alone_the_best_goes_in_whatever_it_costs() =>
        Assert.Equal([0], Packing.Choose([(1.0, 100), (.9, 40), (.8, 40)], 100, power: 0));

    [Fact]
    public void What_does_not_fit_is_passed_over_for_something_smaller() =>
        Assert.Equal([0, 2], Packing.Choose([(1.0, 60), (.9, 50), (.1, 40)], 100, power: 0));

    [Fact]
    public void Of_two_that_are_worth_the_same_the_first_goes_in() =>
        Assert.Equal([0], Packing.Choose([(.5, 60), (.5, 60)], 100));

    [FsCheck.Xunit.Property(MaxTest = 300)]
    public void No_choice_is_above_its_budget_and_none_leaves_room_for_what_it_left_out(byte[] scores, byte[] tokens, int budget)
    {
        var items = (scores ?? []).Zip(tokens ?? [], (score, cost) => (score / 255.0, (int)cost)).ToList();
        budget = Math.Abs(budget % 1000);
        var chosen = Packing.Choose(items, budget);
        var used = chosen.Sum(place => items[place].Item2);
        Assert.InRange(used, 0, budget);
        Assert.Equal(chosen, Packing.Choose(items, budget));
        Assert.All(Enumerable.Range(0, items.Count).Except(chosen), place => Assert.True(used + items[place].Item2 > budget));
    }
}
