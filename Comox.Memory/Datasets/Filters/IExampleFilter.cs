namespace Comox.Memory.Datasets.Filters;

/// <summary>Keeps bad examples out of a data set. The first that objects decides, and is counted in the data card.</summary>
internal interface IExampleFilter
{
    /// <summary>As the data card has it: <c>near_duplicate</c>.</summary>
    string Name { get; }

    /// <summary>What is wrong with an example; null: nothing.</summary>
    string? Objection(Example example);
}
