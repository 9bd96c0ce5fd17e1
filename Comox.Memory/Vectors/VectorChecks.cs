using System.Text;
using Comox.ServiceDefaults;
using Comox.ServiceDefaults.Contracts.OpenAI;

namespace Comox.Memory.Vectors;

/// <summary>What every store refuses, before it does anything. A vector is a model's answer, so a strange one is to be expected and told, not thrown.</summary>
internal static class VectorChecks
{
    public const int LargestDimension = 8192;
    public const int MostMatches = 1000;

    private const int LongestName = 200;
    private const int LongestSubject = 512;

    /// <summary>Times that a store keeps as whole milliseconds and compares as doubles.</summary>
    private static readonly DateTimeOffset Latest = new(9999, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public static ApiError? Of(VectorSpace space) =>
        Name(space.Model, "model", LongestName)
        ?? (space.Dimension is < 1 or > LargestDimension ? Fault("dimension", $"The space '{space.Model}' has the dimension {space.Dimension}; it must be between 1 and {LargestDimension}.") : null);

    public static ApiError? Of(VectorSpace space, string subject, IReadOnlyList<VectorPoint> points)
    {
        if ((Of(space) ?? Name(subject, "subject", LongestSubject)) is { } fault)
            return fault;
        for (var at = 0; at < points.Count; at++)
        {
            if (Of(space, points[at], at) is { } wrong)
                return wrong;
        }

        return null;
    }

    public static ApiError? Of(VectorSpace space, VectorQuery query) =>
        Of(space)
        ?? Of(query.Filter)
        ?? Vector(space, query.Vector.Span, "vector", "The query's vector")
        ?? (query.Count is < 1 or > MostMatches ? Fault("count", $"{query.Count} matches were asked for; it must be between 1 and {MostMatches}.") : null);

    public static ApiError? Of(VectorFilter filter) =>
        Name(filter.Subject, "subject", LongestSubject)
        ?? Optional(filter.Character, "character")
        ?? Optional(filter.Witness, "witness")
        ?? Optional(filter.Session, "session")
        ?? Optional(filter.Turn, "turn")
        ?? (filter.Kinds is { Count: 0 } ? Fault("kinds", "The filter names an empty list of kinds; leave it out to mean every kind.") : null);

    public static ApiError? Of(string subject, IReadOnlyCollection<string> ids) =>
        Name(subject, "subject", LongestSubject) ?? ids.Select(id => Name(id, "id", LongestName)).FirstOrDefault(fault => fault is not null);

    private static ApiError? Of(VectorSpace space, VectorPoint point, int at) =>
        Name(point.Id, $"points[{at}].id", LongestName)
        ?? Name(point.Character, $"points[{at}].character", LongestName)
        ?? Name(point.Session, $"points[{at}].session", LongestName)
        ?? Name(point.Turn, $"points[{at}].turn", LongestName)
        ?? point.Witnesses.Select(witness => Name(witness, $"points[{at}].witnesses", LongestName)).FirstOrDefault(fault => fault is not null)
        ?? (Enum.IsDefined(point.Kind) ? null : Fault($"points[{at}].kind", $"The point '{point.Id}' has a kind that is not known: {(int)point.Kind}."))
        ?? (point.SaidAt < DateTimeOffset.UnixEpoch || point.SaidAt >= Latest
            ? Fault($"points[{at}].said_at", $"The point '{point.Id}' was said at {point.SaidAt:O}; it must be between 1970 and 9998.")
            : null)
        ?? Vector(space, point.Vector.Span, $"points[{at}].vector", $"The vector of the point '{point.Id}'");

    private static ApiError? Vector(VectorSpace space, ReadOnlySpan<float> vector, string param, string which)
    {
        if (vector.Length != space.Dimension)
            return Fault(param, $"{which} has {vector.Length} numbers; the vectors of '{space.Model}' have {space.Dimension}. Vectors of different models are kept apart.");
        for (var at = 0; at < vector.Length; at++)
        {
            if (!float.IsFinite(vector[at]))
                return Fault(param, $"{which} has {vector[at]} at {at}; every number must be finite.");
        }

        return VectorMath.HasDirection(vector) ? null : Fault(param, $"{which} is zero: it has no direction, so nothing is near to it.");
    }

    private static ApiError? Optional(string? name, string param) => name is null ? null : Name(name, param, LongestName);

    private static ApiError? Name(string name, string param, int longest)
    {
        if (string.IsNullOrEmpty(name))
            return Fault(param, $"'{param}' is empty.");
        if (name.Length > longest)
            return Fault(param, $"'{param}' is {name.Length} characters long; at most {longest} are taken.");
        if (name.Contains('\0', StringComparison.Ordinal))
            return Fault(param, $"'{param}' has a NUL character in it.");
        // Half of a surrogate pair would be written as U+FFFD, like every other half: two people would become one.
        return IsWellFormed(name) ? null : Fault(param, $"'{param}' is not well-formed Unicode: it has half of a surrogate pair.");
    }

    private static bool IsWellFormed(string name)
    {
        for (ReadOnlySpan<char> rest = name; !rest.IsEmpty;)
        {
            if (Rune.DecodeFromUtf16(rest, out _, out var taken) != System.Buffers.OperationStatus.Done)
                return false;
            rest = rest[taken..];
        }

        return true;
    }

    private static ApiError Fault(string param, string message) => new(StatusCodes.Status400BadRequest, ErrorCodes.InvalidVector, message, param);
}
