using Comox.ServiceDefaults;

namespace Comox.AllInOne;

/// <summary>
/// The two keys of a single machine: taken from the settings, else from the data folder, else made now and kept there (0600).
/// </summary>
/// <param name="AdminKey">The key a person uses.</param>
/// <param name="AdminKeyFile">Where it is kept; null when the settings gave it.</param>
internal sealed record LocalKeys(string AdminKey, string? AdminKeyFile)
{
    public static LocalKeys Provide(IConfigurationManager configuration, ComoxHome home)
    {
        KeyOf(configuration, ServiceAuthentication.ServiceKeySetting, home, "service.key", "comox-service");
        var (admin, file) = KeyOf(configuration, ServiceAuthentication.AdminKeySetting, home, "admin.key", "sk-comox");
        return new LocalKeys(admin, file);
    }

    private static (string Key, string? File) KeyOf(IConfigurationManager configuration, string setting, ComoxHome home, string fileName, string prefix)
    {
        if (configuration[setting] is { Length: > 0 } configured)
            return (configured, null);

        var path = home.FilePath(fileName);
        try
        {
            var key = File.Exists(path) ? File.ReadAllText(path).Trim() : "";
            if (key.Length == 0)
            {
                key = ServiceAuthentication.NewKey(prefix);
                home.WriteSecret(fileName, key);
            }

            configuration.AddInMemoryCollection([new(setting, key)]);
            return (key, path);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            throw new StartupProblem($"The key file {path} cannot be used: {problem.Message}", $"Make it readable for this user, or set {setting}.", problem);
        }
    }
}
