using System.Net;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Comox.ServiceDefaults;
using Comox.ServiceDefaults.Contracts.OpenAI;

namespace Comox.Memory.Vectors.Qdrant;

/// <summary>What Qdrant answered: a result, or its status and what a caller is told of it.</summary>
/// <param name="Result">Null after a failure.</param>
/// <param name="Status">Qdrant's status; 0: no answer.</param>
/// <param name="Error">Null after a success.</param>
internal readonly record struct QdrantReply<T>(T? Result, int Status, ApiError? Error)
{
    /// <summary>The collection is not there: of what is not there nothing is found, and nothing is left to delete.</summary>
    public bool IsMissing => Status == StatusCodes.Status404NotFound;
}

/// <summary>One request to Qdrant's REST API, with its failures as values, and an end to every wait.</summary>
internal sealed class QdrantClient(HttpClient http, QdrantConnection connection, VectorOptions options, TimeProvider time, ILogger<QdrantClient> log)
{
    private int _isFailing;

    /// <summary>The address, without the key.</summary>
    public string Server => connection.Endpoint.GetLeftPart(UriPartial.Authority);

    public Task<QdrantReply<T>> GetAsync<T>(string path, JsonTypeInfo<QdrantOk<T>> answer, CancellationToken cancellation) =>
        SendAsync(HttpMethod.Get, path, null, answer, cancellation);

    public Task<QdrantReply<T>> PutAsync<TBody, T>(string path, TBody body, JsonTypeInfo<TBody> type, JsonTypeInfo<QdrantOk<T>> answer, CancellationToken cancellation) =>
        SendAsync(HttpMethod.Put, path, JsonContent.Create(body, type), answer, cancellation);

    public Task<QdrantReply<T>> PostAsync<TBody, T>(string path, TBody body, JsonTypeInfo<TBody> type, JsonTypeInfo<QdrantOk<T>> answer, CancellationToken cancellation) =>
        SendAsync(HttpMethod.Post, path, JsonContent.Create(body, type), answer, cancellation);

    /// <summary>A change that is waited for. One that was only put into Qdrant's queue is an error: who deletes relies on it.</summary>
    public async Task<QdrantReply<QdrantUpdated>> ChangeAsync<TBody>(HttpMethod method, string path, TBody body, JsonTypeInfo<TBody> type, CancellationToken cancellation)
    {
        var reply = await SendAsync(method, $"{path}?wait=true", JsonContent.Create(body, type), QdrantJson.Default.QdrantOkQdrantUpdated, cancellation);
        return reply.Result is null or { Status: QdrantUpdated.Completed }
            ? reply
            : Unavailable<QdrantUpdated>(reply.Status, reply.Result.Status, $"Qdrant at {Server} has taken a change and not made it yet ({reply.Result.Status}). Repeat the request.");
    }

    private async Task<QdrantReply<T>> SendAsync<T>(HttpMethod method, string path, HttpContent? body, JsonTypeInfo<QdrantOk<T>> answer, CancellationToken cancellation)
    {
        // Over all attempts, and over the reading of the answer, which the resilience handler does not see.
        using var limit = new CancellationTokenSource(options.QdrantTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, limit.Token);
        try
        {
            using var request = new HttpRequestMessage(method, new Uri(connection.Endpoint, path)) { Content = body };
            if (connection.Key is not null)
                request.Headers.Add("api-key", connection.Key);
            using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, either.Token);
            if (!response.IsSuccessStatusCode)
                return await ReadFaultAsync<T>(response, either.Token);
            if (await response.Content.ReadFromJsonAsync(answer, either.Token) is not { Result: { } result })
                return NotQdrant<T>();
            if (Interlocked.Exchange(ref _isFailing, 0) == 1)
                VectorLog.QdrantAnswers(log, Server);
            return new QdrantReply<T>(result, (int)response.StatusCode, null);
        }
        catch (JsonException)
        {
            return NotQdrant<T>();
        }
        catch (Exception problem) when (!cancellation.IsCancellationRequested
            && problem is HttpRequestException or IOException or OperationCanceledException or Polly.ExecutionRejectedException)
        {
            return Unavailable<T>(
                0,
                problem.GetType().Name,
                $"Qdrant at {Server} cannot be reached, or does not answer within {options.QdrantTimeout.TotalSeconds:0.##} s. Check that it runs; the request can be repeated.");
        }
    }

    private async Task<QdrantReply<T>> ReadFaultAsync<T>(HttpResponseMessage response, CancellationToken cancellation)
    {
        var status = (int)response.StatusCode;
        if (response.StatusCode is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden)
            return Unavailable<T>(status, $"status {status}", $"Qdrant at {Server} refuses the key. Set Key=… in ConnectionStrings:{QdrantConnection.RestName} to one that may write.");

        string? words = null;
        try
        {
            words = (await response.Content.ReadFromJsonAsync(QdrantJson.Default.QdrantFault, cancellation))?.Status?.Error;
        }
        catch (JsonException)
        {
            // Something in between: the status still tells.
        }

        var error = Error($"Qdrant at {Server} answered {status}: {words ?? "without saying why"}");
        // Not there, and already there, are answers that the store expects.
        if (status is not (StatusCodes.Status404NotFound or StatusCodes.Status409Conflict))
            LogFailure($"status {status}");
        return new QdrantReply<T>(default, status, error);
    }

    private QdrantReply<T> NotQdrant<T>() => Unavailable<T>(
        0, "it does not answer as Qdrant does", $"What answers at {Server} is not Qdrant's REST API. Check the address in ConnectionStrings:{QdrantConnection.RestName}.");

    private QdrantReply<T> Unavailable<T>(int status, string state, string message)
    {
        LogFailure(state);
        return new QdrantReply<T>(default, status, Error(message));
    }

    private static ApiError Error(string message) => new(StatusCodes.Status503ServiceUnavailable, ErrorCodes.VectorsUnavailable, message) { RetryAfter = 5 };

    /// <summary>Once for each time of trouble: probes alone would fill the log.</summary>
    private void LogFailure(string state)
    {
        if (Interlocked.Exchange(ref _isFailing, 1) == 0)
            VectorLog.QdrantFailed(log, Server, state);
    }
}
