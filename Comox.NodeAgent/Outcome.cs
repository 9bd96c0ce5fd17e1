using System.Diagnostics.CodeAnalysis;

namespace Comox.NodeAgent;

/// <summary>A value, or in words why there is none.</summary>
internal readonly record struct Outcome<T>
    where T : class
{
    private Outcome(T? value, string? problem, string? code) => (Value, Problem, Code) = (value, problem, code);

    public T? Value { get; }

    /// <summary>One or more sentences for a person: the cause and the way out.</summary>
    public string? Problem { get; }

    /// <summary>One of the error codes in docs/errors.md, where the failure has one.</summary>
    public string? Code { get; }

    /// <summary>The problem with its code, for where there is room for words alone.</summary>
    public string Told => Code is null ? $"{Problem}" : $"{Problem} ({Code})";

    [MemberNotNullWhen(true, nameof(Value))]
    [MemberNotNullWhen(false, nameof(Problem))]
    public bool IsSuccess => Problem is null;

    public static Outcome<T> Of(T value) => new(value, null, null);
    public static Outcome<T> Failed(string problem, string? code = null) => new(null, problem, code);
}

/// <summary>Tells how far something long has come.</summary>
/// <param name="words">What is going on: "Downloading llama-server".</param>
/// <param name="progress">0…1, or null when its size is not known.</param>
internal delegate void ProgressReport(string words, double? progress);
