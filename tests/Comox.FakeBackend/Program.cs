using Comox.FakeBackend;
using Comox.FakeBackend.Vllm;

// As vLLM, with its arguments and its variables: dotnet Comox.FakeBackend.dll vllm serve FOLDER --port 8000 …
if (args is ["vllm", .. var vllm])
    return await FakeVllm.RunAsync(vllm);

// A scripted engine and node agent as a process of its own: dotnet Comox.FakeBackend.dll --urls http://127.0.0.1:0 --key SECRET
await using var server = FakeBackendServer.Create(args);
await server.RunAsync();
return 0;
