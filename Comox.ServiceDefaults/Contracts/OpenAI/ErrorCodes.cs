namespace Comox.ServiceDefaults.Contracts.OpenAI;

/// <summary>Every <c>error.code</c> a caller can see. Each has a heading in docs/errors.md; a test keeps the two in step.</summary>
public static class ErrorCodes
{
    // 400
    public const string InvalidJson = "invalid_json";
    public const string InvalidRequest = "invalid_request";
    public const string UnsupportedContent = "unsupported_content";
    public const string ContextLengthExceeded = "context_length_exceeded";
    public const string InvalidCard = "invalid_card";
    public const string InvalidSettings = "invalid_settings";
    public const string InvalidVector = "invalid_vector";

    // 401, 403
    public const string InvalidApiKey = "invalid_api_key";
    public const string NotAllowed = "not_allowed";
    public const string EnginePathRefused = "engine_path_refused";

    // 404, 405, 409, 410, 413
    public const string NotFound = "not_found";
    public const string MethodNotAllowed = "method_not_allowed";
    public const string ModelNotFound = "model_not_found";
    public const string CharacterNotFound = "character_not_found";
    public const string VersionNotFound = "version_not_found";
    public const string SessionNotFound = "session_not_found";
    public const string TurnNotFound = "turn_not_found";
    public const string FactNotFound = "fact_not_found";
    public const string ReceiptNotFound = "receipt_not_found";
    public const string EngineNotFound = "engine_not_found";
    public const string BlobNotFound = "blob_not_found";
    public const string Conflict = "conflict";
    public const string TurnDeleted = "turn_deleted";
    public const string RequestTooLarge = "request_too_large";

    // 5xx
    public const string InternalError = "internal_error";
    public const string UpstreamError = "upstream_error";
    public const string UpstreamTimeout = "upstream_timeout";
    public const string EngineUnavailable = "engine_unavailable";
    public const string AdapterUnavailable = "adapter_unavailable";
    public const string EngineLoading = "engine_loading";
    public const string MemoryUnavailable = "memory_unavailable";
    public const string StorageFailed = "storage_failed";
    public const string VectorsUnavailable = "vectors_unavailable";

    // Of a node's downloads, in its status
    public const string DownloadFailed = "download_failed";
    public const string DownloadContradicted = "download_contradicted";
    public const string DownloadCorrupt = "download_corrupt";
    public const string FileRefused = "file_refused";
    public const string CacheFull = "cache_full";
    public const string CacheDrive = "cache_drive";
    public const string BundleInvalid = "bundle_invalid";
    public const string BundleUntrusted = "bundle_untrusted";
}
