namespace Comox.Gateway.Admin;

/// <summary>
/// <c>GET /gateway/openapi.json</c>: OpenAPI 3.1 of everything the gateway serves. Written by hand and kept in the assembly: the APIs under <c>/v1</c> are other people's,
/// read without a serializer, and no generator would know them. A test holds it against the mapped routes and the wire records.
/// </summary>
internal static class OpenApiDocument
{
    private const string Resource = "Comox.Gateway.Admin.openapi.json";

    public static async Task InvokeAsync(HttpContext http)
    {
        await using var document = Open();
        http.Response.ContentType = "application/json; charset=utf-8";
        http.Response.ContentLength = document.Length;
        await document.CopyToAsync(http.Response.Body, http.RequestAborted);
    }

    internal static Stream Open() =>
        typeof(OpenApiDocument).Assembly.GetManifestResourceStream(Resource) ?? throw new InvalidOperationException($"The assembly lacks its resource {Resource}.");
}
