namespace Comox.AppHost;

/// <summary>What this project is where the feed has no Aspire: a program that says how to start Comox instead.</summary>
internal static class NoAspire
{
    private const string Message = """
        This build of Comox.AppHost is without Aspire, so it cannot start anything.

          Start Comox without Aspire (one process, no containers):
            dotnet run --project Comox.AppHost/AllInOne

          Build it with Aspire (its packages come from NuGet):
            dotnet build Comox.AppHost

        docs/howto/run-with-aspire.md says what Aspire needs and what it gives.
        """;

    private static int Main()
    {
        Console.Error.WriteLine(Message);
        return 1;
    }
}
