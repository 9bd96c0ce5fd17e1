using Comox.AppHost;

var builder = DistributedApplication.CreateBuilder(args);

// Secrets: made on the first run and kept in this project's user secrets, so that neither a flag nor a prompt is needed.
// The service key is how the four call each other, the admin key is a person's; letters and digits alone pass every header and shell.

var key = new GenerateParameterDefault { MinLength = 32, Special = false };
var serviceKey = builder.AddParameter("service-key", key, secret: true, persist: true);
var adminKey = builder.AddParameter("admin-key", key, secret: true, persist: true);

// Services. Their ports are those of their launchSettings.json. /health says that a service is ready for work, and the dashboard shows it.

// The llama.cpp node: the agent finds or installs llama-server and runs it as its own child, so the engine is not a resource of its own.
var nodeAgent = builder.AddProject("nodeagent", "../Comox.NodeAgent/Comox.NodeAgent.csproj")
    .WithHttpHealthCheck("/health");

var memory = builder.AddProject("memory", "../Comox.Memory/Comox.Memory.csproj")
    .WithHttpHealthCheck("/health");

// Ready memory first, so that the first message to a character finds it. The agent need only have started: it is ready when
// a model is loaded, which is a download of minutes on a new machine, and until then the gateway answers with that reason.
var gateway = builder.AddProject("gateway", "../Comox.Gateway/Comox.Gateway.csproj")
    .WithReference(memory).WaitFor(memory)
    .WithReference(nodeAgent).WaitForStart(nodeAgent)
    .WithHttpHealthCheck("/health")
    .WithExternalHttpEndpoints();

// Memory asks the gateway for models, in the background and only when there is work: waiting for it would be a circle.
memory.WithReference(gateway);

// The page shows the engine's progress, so it waits for nobody to be ready but memory, whose characters it lists.
var web = builder.AddProject("web", "../Comox.Web/Comox.Web.csproj")
    .WithReference(gateway).WaitForStart(gateway)
    .WithReference(memory).WaitFor(memory)
    .WithReference(nodeAgent).WaitForStart(nodeAgent)
    .WithEnvironment("Comox__Web__PublicGatewayUrl", gateway.GetEndpoint("http")) // The examples people copy from its pages call the gateway, and not the page's own address.
    .WithHttpHealthCheck("/health")
    .WithExternalHttpEndpoints();

foreach (var service in new[] { gateway, memory, nodeAgent, web })
{
    service.WithEnvironment("Comox__ServiceKey", serviceKey).WithEnvironment("Comox__Gateway__AdminKey", adminKey);
}

// Infrastructure, where containers can run; what is published must not depend on the machine that publishes. Volumes are named: the generated
// names carry a dot, which Kubernetes refuses. A service waits for its stores to be ready, because its first statements are migrations.

if (builder.ExecutionContext.IsPublishMode || await ContainerRuntime.AnswersAsync(builder.Configuration))
{
    var cache = builder.AddRedis("cache").WithDataVolume("comox-cache");
    var vectors = builder.AddQdrant("vectors").WithDataVolume("comox-vectors");
    var postgres = builder.AddPostgres("postgres").WithDataVolume("comox-postgres");
    var database = postgres.AddDatabase("comoxdb");

    gateway.WithReference(cache).WaitFor(cache);
    memory
        .WithReference(database).WaitFor(database)
        .WithReference(vectors).WaitFor(vectors);
}
else
{
    Console.WriteLine("No container runtime answers: Redis, Qdrant and PostgreSQL are left out; the services use their embedded stores in the data folder.");
}

builder.Build().Run();
