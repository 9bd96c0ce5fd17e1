using Comox.NodeAgent.Downloads;

namespace Comox.NodeAgent.Tests.Downloads;

internal static class TestDownloads
{
    public static VerifiedDownload New(TimeProvider time, IDownloadDisk? disk = null) => new(disk ?? new LocalDisk(), new DownloadBoard(_ => { }, time), time);
}
