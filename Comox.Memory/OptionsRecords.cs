using Microsoft.Extensions.Options;

namespace Comox.Memory;

/// <summary>Options as immutable records, validated whole at start: every fault at once, each naming its key.</summary>
internal static class OptionsRecords
{
    public static void AddOptionsRecord<T>(this IServiceCollection services, string section, Func<T, IEnumerable<string>> problems)
        where T : class
    {
        services.AddOptions<T>().BindConfiguration(section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<T>>(new Valid<T>(problems));
        services.AddSingleton(provider => provider.GetRequiredService<IOptions<T>>().Value);
    }

    private sealed class Valid<T>(Func<T, IEnumerable<string>> problems) : IValidateOptions<T>
        where T : class
    {
        public ValidateOptionsResult Validate(string? name, T options) =>
            problems(options).ToList() is { Count: > 0 } faults ? ValidateOptionsResult.Fail(faults) : ValidateOptionsResult.Success;
    }
}
