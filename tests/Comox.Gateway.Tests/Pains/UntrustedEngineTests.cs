using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Comox.Gateway.CircuitBreaking;
using Comox.ServiceDefaults.Contracts.OpenAI;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Comox.Gateway.Tests.Pains;

/// <summary>An engine behind a certificate that somebody made himself: nobody knows who reads what it is sent.</summary>
public sealed class UntrustedEngineTests
{
    [Theory]
    [InlineData("CN=127.0.0.1", 1)]
    [InlineData("CN=somebody.else", 1)]
    [InlineData("CN=127.0.0.1", -1)]
    public async Task It_is_refused_with_a_word_about_its_certificate_and_hears_nothing(string subject, int days)
    {
        await using var engine = await SecretiveEngine.StartAsync(subject, days);
        await using var routed = await RoutedGateway.StartAsync(new At("a") { Url = $"{engine.Address}v1" });

        foreach (var stream in (bool[])[true, false])
        {
            using var response = await routed.SendAsync(RoutedGateway.Body(stream));
            var text = await response.Content.ReadAsStringAsync();
            Assert.Equal(503, (int)response.StatusCode);
            Assert.Contains($"\"{ErrorCodes.EngineUnavailable}\"", text);
            Assert.Contains("certificate", text);
            Assert.Contains("issued by whom this machine trusts", text);
            // Neither where it is, nor what it was to be sent.
            Assert.DoesNotContain(engine.Address.Authority, text);
            Assert.DoesNotContain(RoutedGateway.KeyOf("a"), text);
        }

        Assert.Empty(engine.Heard);
        Assert.DoesNotContain(routed.Gateway.Log.Lines, line => line.Message.Contains(RoutedGateway.KeyOf("a"), StringComparison.Ordinal));
        await routed.IsIdleAsync();
    }

    [Fact]
    public async Task Another_one_answers_in_its_place_and_it_is_left_alone_from_then_on()
    {
        await using var engine = await SecretiveEngine.StartAsync("CN=127.0.0.1", 1);
        await using var routed = await RoutedGateway.StartAsync(
            null, [("Circuit:ConsecutiveFailures", "1"), ("Circuit:Break", "00:10:00"), ("Circuit:LongestBreak", "00:10:00")], new At("a") { Url = $"{engine.Address}v1" }, new At("b"));

        Assert.Equal("[DONE]", (await routed.EventsAsync(RoutedGateway.Body(true)))[^1]);

        Assert.Equal(CircuitState.Open, routed.Backends.First().Circuit.State);
        Assert.Empty(engine.Heard);
    }

    /// <summary>Remembers each request that it can read.</summary>
    private sealed class SecretiveEngine(WebApplication app, X509Certificate2 certificate) : IAsyncDisposable
    {
        public ConcurrentQueue<string> Heard { get; } = [];

        public Uri Address => new(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());

        public static async Task<SecretiveEngine> StartAsync(string subject, int days)
        {
            using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            var request = new CertificateRequest(subject, key, HashAlgorithmName.SHA256);
            var names = new SubjectAlternativeNameBuilder();
            if (IPAddress.TryParse(subject["CN=".Length..], out var address))
                names.AddIpAddress(address);
            else
                names.AddDnsName(subject["CN=".Length..]);
            request.CertificateExtensions.Add(names.Build());
            var now = TimeProvider.System.GetUtcNow();
            var certificate = request.CreateSelfSigned(now.AddDays(-2), now.AddDays(days));

            var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
            builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(certificate)));
            var app = builder.Build();
            var engine = new SecretiveEngine(app, certificate);
            app.Run(engine.HearAsync);
            await app.StartAsync();
            return engine;
        }

        public async ValueTask DisposeAsync()
        {
            await app.DisposeAsync();
            certificate.Dispose();
        }

        private Task HearAsync(HttpContext http)
        {
            Heard.Enqueue($"{http.Request.Method} {http.Request.Path} {http.Request.Headers.Authorization}");
            return Task.CompletedTask;
        }
    }
}
