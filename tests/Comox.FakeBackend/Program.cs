using Comox.FakeBackend;

// A scripted engine and node agent as a process of its own: dotnet Comox.FakeBackend.dll --urls http://127.0.0.1:0 --key SECRET
await using var server = FakeBackendServer.Create(args);
await server.RunAsync();
