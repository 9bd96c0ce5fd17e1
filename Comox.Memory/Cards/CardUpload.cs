using System.Text;
using Comox.ServiceDefaults;
using Comox.ServiceDefaults.Clients;
using Comox.ServiceDefaults.Contracts.OpenAI;
using Microsoft.AspNetCore.Http.Features;

namespace Comox.Memory.Cards;

/// <summary>A card as it came: its JSON, and the picture it was in, if any.</summary>
internal sealed record UploadedCard(string Json, byte[]? Png)
{
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Reads the body of a request. What the bytes are decides, not what the content type says: browsers and scripts get that wrong.</summary>
    public static async Task<ApiResult<UploadedCard>> ReadAsync(HttpRequest request, int maxBytes, CancellationToken cancellation)
    {
        // Room for the boundaries of a form; the card itself is measured below.
        if (request.HttpContext.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
            size.MaxRequestBodySize = maxBytes + 64 * 1024L;
        try
        {
            if (!IsMultipart(request))
                return Of(await ReadLimitedAsync(request.Body, maxBytes, cancellation), maxBytes);

            var form = await request.ReadFormAsync(new FormOptions { MultipartBodyLengthLimit = maxBytes + 1L }, cancellation);
            if ((form.Files.GetFile("file") ?? (form.Files.Count == 1 ? form.Files[0] : null)) is not { } file)
                return CardReader.Invalid("the form has no field 'file' with the card.");
            await using var content = file.OpenReadStream();
            return Of(await ReadLimitedAsync(content, maxBytes, cancellation), maxBytes);
        }
        catch (BadHttpRequestException problem) when (problem.StatusCode == StatusCodes.Status413PayloadTooLarge)
        {
            return TooLarge(maxBytes);
        }
        catch (InvalidDataException problem)
        {
            return problem.Message.Contains("body length limit", StringComparison.OrdinalIgnoreCase)
                ? TooLarge(maxBytes)
                : CardReader.Invalid("the form data is malformed.");
        }
    }

    // curl calls whatever it sends application/x-www-form-urlencoded.
    private static bool IsMultipart(HttpRequest request) => request.HasFormContentType && request.ContentType!.TrimStart().StartsWith("multipart/", StringComparison.OrdinalIgnoreCase);

    public static ApiResult<UploadedCard> Of(byte[]? file, int maxBytes)
    {
        if (file is null)
            return TooLarge(maxBytes);
        if (file.Length == 0)
            return CardReader.Invalid("the body is empty. Send the card's JSON, or the PNG that contains it.");
        if (PngCard.IsPng(file))
        {
            var json = PngCard.Read(file);
            return json.IsSuccess ? new UploadedCard(json.Value, file) : json.Error;
        }

        var text = file.AsSpan();
        if (text.StartsWith(Encoding.UTF8.Preamble))
            text = text[Encoding.UTF8.Preamble.Length..];
        if (text.TrimStart(" \t\r\n"u8) is not [(byte)'{' or (byte)'[' or (byte)'"', ..])
            return CardReader.Invalid("it is neither JSON nor a PNG.");
        try
        {
            return new UploadedCard(StrictUtf8.GetString(text), null);
        }
        catch (DecoderFallbackException)
        {
            return CardReader.Invalid("its JSON is not UTF-8.");
        }
    }

    private static async Task<byte[]?> ReadLimitedAsync(Stream body, int maxBytes, CancellationToken cancellation)
    {
        using var file = new MemoryStream();
        var buffer = new byte[64 * 1024];
        int read;
        while ((read = await body.ReadAsync(buffer, cancellation)) > 0)
        {
            if (file.Length + read > maxBytes)
                return null;
            file.Write(buffer, 0, read);
        }

        return file.ToArray();
    }

    private static ApiError TooLarge(int maxBytes) =>
        new(
            StatusCodes.Status413PayloadTooLarge,
            ErrorCodes.RequestTooLarge,
            $"The card is larger than {maxBytes / 1024} KiB. Make its picture smaller, or raise {MemoryOptions.Section}:{nameof(MemoryOptions.MaxCardBytes)}.");
}
