using System.Diagnostics.CodeAnalysis;

namespace Comox.ServiceDefaults.Clients;

/// <summary>A value, or the error the other service answered with (or the lack of any answer, as 503).</summary>
public readonly record struct ApiResult<T>
{
    private ApiResult(T? value, ApiError? error) => (Value, Error) = (value, error);

    public T? Value { get; }
    public ApiError? Error { get; }

    [MemberNotNullWhen(true, nameof(Value))]
    [MemberNotNullWhen(false, nameof(Error))]
    public bool IsSuccess => Error is null;

    public static implicit operator ApiResult<T>(T value) => new(value, null);
    public static implicit operator ApiResult<T>(ApiError error) => new(default, error);
}
