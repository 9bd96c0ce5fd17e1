namespace Comox.AllInOne.Tests;

/// <summary>An empty data folder that goes away with the test.</summary>
internal sealed class TemporaryHome : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("comox-home-").FullName;

    public void Dispose()
    {
        try
        {
            Directory.Delete(Path, recursive: true);
        }
        catch (IOException)
        {
            // A process that was just killed may still be going away; the folder is in the temporary directory anyway.
        }
    }
}
