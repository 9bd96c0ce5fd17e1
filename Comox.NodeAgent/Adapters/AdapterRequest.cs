using System.Runtime.InteropServices;
using Comox.ServiceDefaults;
using Comox.ServiceDefaults.Contracts.OpenAI;

namespace Comox.NodeAgent.Adapters;

/// <summary>Which adapter a request is for, and its body as the engine understands that.</summary>
internal static class AdapterRequest
{
    /// <summary>Reads the body whole: <c>model</c> may be its last member. Not where the engine has no adapters, and not what is no JSON.</summary>
    /// <returns>The adapter, null: none; or why the request cannot have it.</returns>
    public static async Task<(ChosenAdapter? Adapter, ApiError? Refused)> ReadAsync(HttpContext context, EngineAdapters adapters, string path)
    {
        var request = context.Request;
        if (!adapters.Any || adapters.Use is not { } use || request.ContentType?.StartsWith("multipart/", StringComparison.OrdinalIgnoreCase) == true)
            return (null, null);
        var read = new MemoryStream();
        await request.Body.CopyToAsync(read, context.RequestAborted);
        ReadOnlyMemory<byte> bytes = read.GetBuffer().AsMemory(0, (int)read.Length);
        var parsed = AdapterBody.Read(bytes);
        var adapter = parsed is { Model: { } model } ? adapters.Find(model) : null;
        if (adapter is { Problem: { } why })
            return (null, EngineAdapters.Unavailable(adapter, why));
        if (adapter is not null && !use.CanAdapt(path))
            return (null, new ApiError(StatusCodes.Status400BadRequest, ErrorCodes.InvalidRequest, $"The engine cannot use the adapter '{adapter.Name}' for {path}. Ask on /v1/chat/completions, or ask the model itself.", "model"));
        if (parsed is { } body && adapters.Launched.Count > 0 && use.CanAdapt(path) && use.Choice(adapters.Launched, adapter) is { } choice)
            bytes = body.With(choice);
        request.Body = MemoryMarshal.TryGetArray(bytes, out var array) ? new MemoryStream(array.Array!, array.Offset, array.Count, writable: false) : throw new InvalidOperationException("The body is an array.");
        request.Headers.TransferEncoding = default;
        request.ContentLength = bytes.Length;
        return (adapter, null);
    }
}
