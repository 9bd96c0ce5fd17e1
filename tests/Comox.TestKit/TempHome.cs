namespace Comox.TestKit;

/// <summary>A data folder of its own for one test; gone afterwards.</summary>
public sealed class TempHome : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("comox-test-").FullName;

    public void Dispose()
    {
        try
        {
            Directory.Delete(Path, recursive: true);
        }
        catch (IOException)
        {
            // A killed child may still hold a file on some systems; the folder is in the temp folder.
        }
    }
}
