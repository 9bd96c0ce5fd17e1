using System.Data.Common;
using Comox.Memory.Diagnostics;
using Comox.ServiceDefaults;
using Comox.ServiceDefaults.Contracts.OpenAI;
using Microsoft.EntityFrameworkCore;

namespace Comox.Memory.Storage;

/// <summary>A database that fails (a full disk, a lost server) is an answer, not a stack trace. What was not acknowledged was not stored.</summary>
internal sealed class StorageFailures(MemoryDbFactory databases, ILogger<StorageFailures> log) : IEndpointFilter
{
    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        try
        {
            return await next(context);
        }
        catch (Exception problem) when (problem is DbException or DbUpdateException)
        {
            // The state alone: messages may carry values, which are what people said.
            MemoryLog.StorageFailed(log, databases.Description, (problem.GetBaseException() as DbException)?.SqlState ?? problem.GetBaseException().GetType().Name);
            return new ApiError(
                StatusCodes.Status503ServiceUnavailable,
                ErrorCodes.StorageFailed,
                "The memory database failed; nothing of this request was stored, and it can be repeated. Look at the log, at /health and at the space on the disk.")
            {
                RetryAfter = 2,
            }.ToResult();
        }
    }
}
