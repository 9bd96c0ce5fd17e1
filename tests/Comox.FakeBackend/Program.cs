using Comox.FakeBackend;
using Comox.FakeBackend.Simulation;
using Comox.FakeBackend.Vllm;

// As vLLM, with its arguments and its variables: dotnet Comox.FakeBackend.dll vllm serve FOLDER --port 8000 …
if (args is ["vllm", .. var vllm])
    return await FakeVllm.RunAsync(vllm);

// As llama-server, with its arguments: Comox.FakeBackend --model FILE --alias NAME --port 8080 …
if (SimulatedServer.IsMeant(args))
    return await SimulatedServer.RunAsync(args);

// A scripted engine and node agent as a process of its own: dotnet Comox.FakeBackend.dll --urls http://127.0.0.1:0 --key SECRET
await using var server = FakeBackendServer.Create(args);
await server.RunAsync();
return 0;
