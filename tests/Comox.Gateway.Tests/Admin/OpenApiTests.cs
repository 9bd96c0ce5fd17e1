using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using System.Text.RegularExpressions;
using Comox.ServiceDefaults.Contracts.Gateway;
using Comox.ServiceDefaults.Contracts.OpenAI;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Comox.Gateway.Tests.Admin;

/// <summary>The document is written by hand; these keep it true.</summary>
public sealed partial class OpenApiTests
{
    [Fact]
    public async Task It_has_every_route_that_is_mapped_and_no_other()
    {
        await using var gateway = await GatewayUnderTest.StartAsync();
        var mapped =
            from endpoint in gateway.Service.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            let path = CatchAll().Replace(endpoint.RoutePattern.RawText!, "{$1}")
            where path.StartsWith("/v1/", StringComparison.Ordinal) || path.StartsWith("/gateway/", StringComparison.Ordinal)
            // What answers every path that is not there is mapped for no method.
            from method in endpoint.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods ?? []
            select $"{method} {path}";

        var document = await DocumentAsync(gateway);

        var described =
            from path in document.GetProperty("paths").EnumerateObject()
            from operation in path.Value.EnumerateObject()
            select $"{operation.Name.ToUpperInvariant()} {path.Name}";
        Assert.Equal(mapped.Order(), described.Order());
        Assert.StartsWith("3.1.", document.GetProperty("openapi").GetString());
    }

    [Fact]
    public async Task Every_reference_leads_somewhere_and_every_schema_is_used()
    {
        await using var gateway = await GatewayUnderTest.StartAsync();
        var document = await DocumentAsync(gateway);
        var references = References(document).Distinct().ToArray();

        Assert.All(references, reference => Assert.True(Follow(document, reference), reference));
        Assert.Empty(document.GetProperty("components").GetProperty("schemas").EnumerateObject().Select(schema => $"#/components/schemas/{schema.Name}").Except(references));
    }

    [Fact]
    public async Task Schemas_of_our_own_have_the_fields_of_the_wire_records()
    {
        await using var gateway = await GatewayUnderTest.StartAsync();
        var schemas = (await DocumentAsync(gateway)).GetProperty("components").GetProperty("schemas");
        JsonTypeInfo[] records =
        [
            GatewayJson.Default.GatewayStatus, GatewayJson.Default.TrafficStatus, GatewayJson.Default.RelayedReplies, GatewayJson.Default.EngineTelemetry, GatewayJson.Default.SettingsStatus, GatewayJson.Default.GatewayLedger, GatewayJson.Default.LedgerEntry, GatewayJson.Default.RouteList,
            GatewayJson.Default.RouteStatus, GatewayJson.Default.PoolStatus, GatewayJson.Default.BackendStatus, GatewayJson.Default.KeyList, GatewayJson.Default.KeyName,
            GatewayJson.Default.NodeList, GatewayJson.Default.NodeEntry, GatewayJson.Default.NodeRegistration, GatewayJson.Default.NodeLease, GatewayJson.Default.ModelHint, GatewayJson.Default.ModelWarming,
            OpenAIJson.Default.ModelList, OpenAIJson.Default.ModelCard,
        ];

        Assert.All(records, record =>
            Assert.Equal(record.Properties.Select(property => property.Name).Order(), schemas.GetProperty(record.Type.Name).GetProperty("properties").EnumerateObject().Select(property => property.Name).Order()));
        // A field that is required in the record is always there.
        Assert.All(records.Where(record => record.Type.Namespace == typeof(GatewayStatus).Namespace), record =>
            Assert.Subset(
                schemas.GetProperty(record.Type.Name).GetProperty("required").EnumerateArray().Select(name => name.GetString()).ToHashSet(),
                record.Properties.Where(property => property.IsRequired).Select(property => (string?)property.Name).ToHashSet()));
    }

    private static async Task<JsonElement> DocumentAsync(GatewayUnderTest gateway)
    {
        using var response = await gateway.Http.GetAsync("/gateway/openapi.json");
        Assert.Equal("application/json", response.Content.Headers.ContentType?.MediaType);
        return await response.JsonAsync();
    }

    private static IEnumerable<string> References(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object => element.EnumerateObject().SelectMany(property => property is { Name: "$ref", Value.ValueKind: JsonValueKind.String } ? [property.Value.GetString()!] : References(property.Value)),
        JsonValueKind.Array => element.EnumerateArray().SelectMany(References),
        _ => [],
    };

    private static bool Follow(JsonElement document, string reference)
    {
        var at = document;
        return reference.StartsWith("#/", StringComparison.Ordinal) && reference[2..].Split('/').All(name => at.TryGetProperty(name, out at));
    }

    [GeneratedRegex(@"\{\*\*(\w+)\}")]
    private static partial Regex CatchAll();
}
