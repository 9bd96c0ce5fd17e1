using System.Net.Http.Json;
using System.Text.Json.Serialization.Metadata;
using Comox.ServiceDefaults.Contracts.Memory;
using Comox.ServiceDefaults.Contracts.OpenAI;

namespace Comox.ServiceDefaults.Clients;

/// <summary>The memory service, typed. Every method maps to one endpoint under <c>/memory</c>.</summary>
public sealed class MemoryClient(HttpClient http)
{
    public Task<ApiResult<CharacterList>> ListCharactersAsync(CancellationToken cancellation = default) =>
        GetAsync("memory/characters", MemoryJson.Default.CharacterList, cancellation);

    public Task<ApiResult<CharacterDetails>> GetCharacterAsync(string slug, CancellationToken cancellation = default) =>
        GetAsync($"memory/characters/{Uri.EscapeDataString(slug)}", MemoryJson.Default.CharacterDetails, cancellation);

    /// <summary>Imports a Character Card: V1, V2 or V3, as JSON or inside a PNG.</summary>
    public Task<ApiResult<CharacterDetails>> ImportCharacterAsync(Stream card, string mediaType, CancellationToken cancellation = default) =>
        SendAsync(WithCard(HttpMethod.Post, "memory/characters", card, mediaType), MemoryJson.Default.CharacterDetails, cancellation);

    /// <summary>Gives a character another card: a new version, which is in use from then on. The same card again changes nothing.</summary>
    public Task<ApiResult<CharacterDetails>> ReplaceCharacterAsync(string slug, Stream card, string mediaType, CancellationToken cancellation = default) =>
        SendAsync(WithCard(HttpMethod.Put, $"memory/characters/{Uri.EscapeDataString(slug)}", card, mediaType), MemoryJson.Default.CharacterDetails, cancellation);

    public Task<ApiResult<CharacterVersionList>> ListCharacterVersionsAsync(string slug, CancellationToken cancellation = default) =>
        GetAsync($"memory/characters/{Uri.EscapeDataString(slug)}/versions", MemoryJson.Default.CharacterVersionList, cancellation);

    public Task<ApiResult<CharacterVersionDetails>> GetCharacterVersionAsync(string slug, int version, CancellationToken cancellation = default) =>
        GetAsync($"memory/characters/{Uri.EscapeDataString(slug)}/versions/{version}", MemoryJson.Default.CharacterVersionDetails, cancellation);

    /// <summary>Puts a version in use, an earlier one or a later one.</summary>
    public Task<ApiResult<CharacterDetails>> ActivateCharacterVersionAsync(string slug, int version, CancellationToken cancellation = default) =>
        SendAsync(new(HttpMethod.Post, $"memory/characters/{Uri.EscapeDataString(slug)}/versions/{version}/activate"), MemoryJson.Default.CharacterDetails, cancellation);

    /// <summary>The picture's bytes and media type.</summary>
    public async Task<ApiResult<(byte[] Bytes, string MediaType)>> GetAvatarAsync(string slug, CancellationToken cancellation = default)
    {
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, $"memory/characters/{Uri.EscapeDataString(slug)}/avatar");
            using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
            if (!response.IsSuccessStatusCode)
                return await ServiceHttp.ReadErrorAsync(response, cancellation);
            return (await response.Content.ReadAsByteArrayAsync(cancellation), response.Content.Headers.ContentType?.MediaType ?? "image/png");
        }
        catch (Exception problem) when (ServiceHttp.IsUnreachable(problem, cancellation))
        {
            return ServiceHttp.Unreachable(ServiceNames.Memory, ErrorCodes.MemoryUnavailable);
        }
    }

    public Task<ApiResult<SessionDetails>> CreateSessionAsync(NewSession session, CancellationToken cancellation = default) =>
        SendAsync(WithJson(HttpMethod.Post, "memory/sessions", session, MemoryJson.Default.NewSession), MemoryJson.Default.SessionDetails, cancellation);

    public Task<ApiResult<SessionList>> ListSessionsAsync(string subject, string? character = null, int limit = 50, CancellationToken cancellation = default) =>
        GetAsync(
            $"memory/sessions?subject={Uri.EscapeDataString(subject)}&limit={limit}" + (character is null ? "" : $"&character={Uri.EscapeDataString(character)}"),
            MemoryJson.Default.SessionList,
            cancellation);

    public Task<ApiResult<SessionDetails>> GetSessionAsync(string id, CancellationToken cancellation = default) =>
        GetAsync($"memory/sessions/{Uri.EscapeDataString(id)}", MemoryJson.Default.SessionDetails, cancellation);

    /// <summary>Every turn that is kept, swipes and branches included.</summary>
    public Task<ApiResult<SessionTree>> GetTreeAsync(string session, CancellationToken cancellation = default) =>
        GetAsync($"memory/sessions/{Uri.EscapeDataString(session)}/tree", MemoryJson.Default.SessionTree, cancellation);

    /// <summary>Makes another branch or swipe the conversation.</summary>
    public Task<ApiResult<SessionDetails>> MoveHeadAsync(string session, HeadChoice choice, CancellationToken cancellation = default) =>
        SendAsync(WithJson(HttpMethod.Put, $"memory/sessions/{Uri.EscapeDataString(session)}/head", choice, MemoryJson.Default.HeadChoice), MemoryJson.Default.SessionDetails, cancellation);

    public Task<ApiResult<SceneView>> GetSceneAsync(string session, CancellationToken cancellation = default) =>
        GetAsync($"memory/sessions/{Uri.EscapeDataString(session)}/scene", MemoryJson.Default.SceneView, cancellation);

    /// <summary>Changes place, time or who is there, from the newest turn on.</summary>
    public Task<ApiResult<SceneView>> ChangeSceneAsync(string session, SceneChange change, CancellationToken cancellation = default) =>
        SendAsync(WithJson(HttpMethod.Put, $"memory/sessions/{Uri.EscapeDataString(session)}/scene", change, MemoryJson.Default.SceneChange), MemoryJson.Default.SceneView, cancellation);

    public Task<ApiResult<SessionTurn>> EditTurnAsync(string session, string turn, string content, CancellationToken cancellation = default) =>
        SendAsync(WithJson(HttpMethod.Patch, TurnPath(session, turn), new TurnEdit(content), MemoryJson.Default.TurnEdit), MemoryJson.Default.SessionTurn, cancellation);

    /// <summary>Deletes a turn; with <paramref name="following"/>, also all that was said after it.</summary>
    public Task<ApiResult<DeletionReceipt>> DeleteTurnAsync(string session, string turn, bool following = false, CancellationToken cancellation = default) =>
        SendAsync(new(HttpMethod.Delete, TurnPath(session, turn) + (following ? "?following=true" : "")), MemoryJson.Default.DeletionReceipt, cancellation);

    public Task<ApiResult<DeletionReceipt>> DeleteSessionAsync(string session, CancellationToken cancellation = default) =>
        SendAsync(new(HttpMethod.Delete, $"memory/sessions/{Uri.EscapeDataString(session)}"), MemoryJson.Default.DeletionReceipt, cancellation);

    /// <summary>Makes all that is derived of a session again from its log.</summary>
    public Task<ApiResult<SessionDetails>> ReplaySessionAsync(string session, CancellationToken cancellation = default) =>
        SendAsync(new(HttpMethod.Post, $"memory/sessions/{Uri.EscapeDataString(session)}/replay"), MemoryJson.Default.SessionDetails, cancellation);

    public Task<ApiResult<SuperPromptResponse>> AssembleAsync(SuperPromptRequest request, CancellationToken cancellation = default) =>
        SendAsync(
            WithJson(HttpMethod.Post, "memory/superprompts", request, MemoryJson.Default.SuperPromptRequest), MemoryJson.Default.SuperPromptResponse, cancellation);

    public Task<ApiResult<SessionTurn>> RecordReplyAsync(string session, string turn, RecordedReply reply, CancellationToken cancellation = default) =>
        SendAsync(
            WithJson(HttpMethod.Put, TurnPath(session, turn), reply, MemoryJson.Default.RecordedReply),
            MemoryJson.Default.SessionTurn,
            cancellation);

    public Task<ApiResult<Receipt>> GetReceiptAsync(string id, CancellationToken cancellation = default) =>
        GetAsync($"memory/receipts/{Uri.EscapeDataString(id)}", MemoryJson.Default.Receipt, cancellation);

    /// <summary>How far the work in the background is.</summary>
    public Task<ApiResult<MemoryStatus>> GetStatusAsync(CancellationToken cancellation = default) =>
        GetAsync("memory/status", MemoryJson.Default.MemoryStatus, cancellation);

    public Task<ApiResult<FactList>> ListFactsAsync(string subject, string? character = null, CancellationToken cancellation = default) =>
        GetAsync(
            $"memory/subjects/{Uri.EscapeDataString(subject)}/facts" + (character is null ? "" : $"?character={Uri.EscapeDataString(character)}"),
            MemoryJson.Default.FactList,
            cancellation);

    /// <summary>Has a fact forgotten; the words that told it stay.</summary>
    /// <returns>Null, or what went wrong.</returns>
    public async Task<ApiError?> ForgetFactAsync(string subject, string fact, CancellationToken cancellation = default)
    {
        using var request = new HttpRequestMessage(HttpMethod.Delete, $"memory/subjects/{Uri.EscapeDataString(subject)}/facts/{Uri.EscapeDataString(fact)}");
        return await ServiceHttp.SendAsync(http, request, ServiceNames.Memory, ErrorCodes.MemoryUnavailable, cancellation);
    }

    /// <summary>What is held for true around a name; null is the person.</summary>
    public Task<ApiResult<FactGraphView>> GetGraphAsync(string subject, string character, string? entity, int hops = 2, CancellationToken cancellation = default) =>
        GetAsync(
            $"memory/subjects/{Uri.EscapeDataString(subject)}/graph?character={Uri.EscapeDataString(character)}&hops={hops}" + (entity is null ? "" : $"&entity={Uri.EscapeDataString(entity)}"),
            MemoryJson.Default.FactGraphView,
            cancellation);

    private static string TurnPath(string session, string turn) => $"memory/sessions/{Uri.EscapeDataString(session)}/turns/{Uri.EscapeDataString(turn)}";

    private static HttpRequestMessage WithJson<T>(HttpMethod method, string path, T body, JsonTypeInfo<T> type) => new(method, path) { Content = JsonContent.Create(body, type) };

    private static HttpRequestMessage WithCard(HttpMethod method, string path, Stream card, string mediaType)
    {
        var content = new StreamContent(card);
        content.Headers.ContentType = new(mediaType);
        return new(method, path) { Content = content };
    }

    private Task<ApiResult<T>> GetAsync<T>(string path, JsonTypeInfo<T> answer, CancellationToken cancellation) =>
        SendAsync(new(HttpMethod.Get, path), answer, cancellation);

    private async Task<ApiResult<T>> SendAsync<T>(HttpRequestMessage request, JsonTypeInfo<T> answer, CancellationToken cancellation)
    {
        using (request)
            return await ServiceHttp.SendAsync(http, request, answer, ServiceNames.Memory, ErrorCodes.MemoryUnavailable, cancellation);
    }
}
