using System.Security.Claims;
using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using Comox.ServiceDefaults.Contracts.OpenAI;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Comox.ServiceDefaults;

/// <summary>
/// The keys every service knows. The service key is how our services call each other; the admin key is a person's.
/// Endpoints opt in with <c>RequireAuthorization()</c>; 401 and 403 carry the API's error body, which is OpenAI's but for <see cref="IErrorDialect"/>.
/// </summary>
public static class ServiceAuthentication
{
    public const string Scheme = "ComoxKey";
    public const string ServiceKeySetting = "Comox:ServiceKey";
    public const string AdminKeySetting = "Comox:Gateway:AdminKey";

    /// <summary>Name of the caller that holds the admin key, and so of the subject its conversations are about.</summary>
    public const string AdminCaller = "admin";

    /// <summary>The policy of what every key may use.</summary>
    public const string AnyCaller = "Comox.AnyCaller";

    /// <summary>The role of callers whose keys are in the settings.</summary>
    public const string CallerRole = "caller";

    /// <summary>Name of the caller that holds the service key.</summary>
    public const string ServiceCaller = "service";

    internal static void AddServiceAuthentication(this IHostApplicationBuilder builder)
    {
        builder.Services.AddAuthentication(Scheme).AddScheme<AuthenticationSchemeOptions, KeyHandler>(Scheme, null);
        builder.Services.AddAuthorizationBuilder()
            // A key of a caller's opens the inference APIs alone, never memory, nodes or settings.
            .SetDefaultPolicy(new AuthorizationPolicyBuilder(Scheme).RequireRole(AdminCaller, ServiceCaller).Build())
            .AddPolicy(AnyCaller, policy => policy.AddAuthenticationSchemes(Scheme).RequireAuthenticatedUser());
        builder.Services.AddSingleton(services => new AdminKeyCheck(services.GetRequiredService<IOptions<ServiceKeys>>()));
        builder.Services.AddOptions<ServiceKeys>()
            .Configure<IConfiguration>((keys, configuration) =>
            {
                keys.Service = configuration[ServiceKeySetting] ?? "";
                keys.Admin = configuration[AdminKeySetting] ?? "";
            })
            .Validate(keys => keys.Service.Length >= 16, $"{ServiceKeySetting} must be set to a secret of at least 16 characters, the same for every service.")
            .Validate(keys => keys.Admin.Length == 0 || keys.Admin.Length >= 8, $"{AdminKeySetting} must have at least 8 characters.")
            .Validate(keys => HeaderText.CanCarry(keys.Service), $"{ServiceKeySetting} {HeaderText.Fault}")
            .Validate(keys => HeaderText.CanCarry(keys.Admin), $"{AdminKeySetting} {HeaderText.Fault}")
            .Validate(keys => keys.Admin != keys.Service, $"{AdminKeySetting} and {ServiceKeySetting} must differ.")
            .ValidateOnStart();
    }

    /// <summary>A new key with 192 random bits: <c>prefix-</c> and 32 characters that need no escaping anywhere.</summary>
    public static string NewKey(string prefix) => $"{prefix}-{RandomNumberGenerator.GetString("abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789", 33)}";

    public static string CallerName(this ClaimsPrincipal caller) => caller.Identity?.Name ?? throw new InvalidOperationException("The endpoint lacks RequireAuthorization().");

    private sealed class KeyHandler(IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logger, UrlEncoder encoder, IOptions<ServiceKeys> keys, IEnumerable<ICallerDirectory> directories)
        : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
    {
        protected override Task<AuthenticateResult> HandleAuthenticateAsync()
        {
            if (KeyOf(Request) is not { Length: > 0 } key)
                return Task.FromResult(AuthenticateResult.NoResult());

            var own = keys.Value.IsService(key) ? ServiceCaller : keys.Value.IsAdmin(key) ? AdminCaller : null;
            if ((own ?? NameOf(key)) is not { } caller)
                return Task.FromResult(AuthenticateResult.Fail("unknown key"));

            var identity = new ClaimsIdentity([new Claim(ClaimTypes.Name, caller), new Claim(ClaimTypes.Role, own ?? CallerRole)], Scheme.Name);
            return Task.FromResult(AuthenticateResult.Success(new AuthenticationTicket(new ClaimsPrincipal(identity), Scheme.Name)));
        }

        private string? NameOf(string key)
        {
            foreach (var directory in directories)
            {
                if (directory.CallerOf(key) is { } name)
                    return name;
            }

            return null;
        }

        protected override Task HandleChallengeAsync(AuthenticationProperties properties)
        {
            Response.Headers.WWWAuthenticate = "Bearer";
            var message = KeyOf(Request) is { Length: > 0 }
                ? "The API key is not valid. The admin key is printed at start and kept in the file admin.key of the data folder."
                : "An API key is needed: send the header 'Authorization: Bearer <key>'. The admin key is printed at start and kept in the file admin.key of the data folder.";
            return new ApiError(StatusCodes.Status401Unauthorized, ErrorCodes.InvalidApiKey, message).WriteAsync(Context);
        }

        protected override Task HandleForbiddenAsync(AuthenticationProperties properties) =>
            new ApiError(StatusCodes.Status403Forbidden, ErrorCodes.NotAllowed, "This key may not do that.").WriteAsync(Context);

        /// <summary><c>Authorization: Bearer KEY</c> as OpenAI's clients send it, or <c>x-api-key: KEY</c> as Anthropic's do.</summary>
        private static string? KeyOf(HttpRequest request)
        {
            const string Bearer = "Bearer ";
            var header = request.Headers.Authorization.ToString();
            return header.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase) ? header[Bearer.Length..].Trim() : request.Headers["x-api-key"].ToString();
        }

    }
}

/// <summary>Knows callers by their keys, beside the two keys that every service knows.</summary>
public interface ICallerDirectory
{
    /// <returns>The caller's name, or null.</returns>
    string? CallerOf(string key);
}

/// <summary>The shared secrets; never logged, never serialised.</summary>
internal sealed class ServiceKeys
{
    public string Service { get; set; } = "";
    public string Admin { get; set; } = "";

    public bool IsService(string given) => Matches(given, Service);

    public bool IsAdmin(string given) => Matches(given, Admin);

    // Digests have one length, so neither the key's length nor its matching prefix can be timed.
    private static bool Matches(string given, string expected) => expected.Length > 0 && CryptographicOperations.FixedTimeEquals(Digest(given), Digest(expected));

    internal static byte[] Digest(string key) => SHA256.HashData(Encoding.UTF8.GetBytes(key));
}
