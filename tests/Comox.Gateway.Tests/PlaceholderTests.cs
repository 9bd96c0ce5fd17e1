namespace Comox.Gateway.Tests;

public sealed class PlaceholderTests
{
    [Fact]
    public void Repository_is_found() => Assert.True(File.Exists(TestKit.Repository.PathTo("Comox.sln")));
}
