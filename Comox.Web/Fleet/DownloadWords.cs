using Comox.ServiceDefaults.Contracts.Nodes;
using Comox.Web.Controls;

namespace Comox.Web.Fleet;

/// <summary>A download's figures for people.</summary>
internal static class DownloadWords
{
    /// <summary>0…1.</summary>
    public static double Part(DownloadStatus download) => download.TotalBytes > 0 ? Math.Clamp((double)download.DoneBytes / download.TotalBytes, 0, 1) : 0;

    /// <summary>"26%, 1.2 GB of 4.7 GB, 45 MB a second, about 3 min left".</summary>
    public static string Figures(DownloadStatus download)
    {
        var done = $"{Wording.Percent(Part(download))}, {Wording.Bytes(download.DoneBytes)} of {Wording.Bytes(download.TotalBytes)}";
        return download switch
        {
            { Problem: not null } => done,
            { BytesPerSecond: null } => $"{done}, nothing is coming at the moment",
            { SecondsLeft: { } left } => $"{done}, {Wording.Bytes(download.BytesPerSecond)} a second, about {Wording.Duration(left)} left",
            _ => $"{done}, {Wording.Bytes(download.BytesPerSecond)} a second",
        };
    }
}
