using Comox.Gateway;
using Comox.Memory;
using Comox.NodeAgent;
using Comox.ServiceDefaults;
using Comox.Web;

return await ServiceHost.RunAsync(
    args,
    builder =>
    {
        builder.AddGateway();
        builder.AddMemory();
        builder.AddNodeAgent();
        builder.AddWeb();
    },
    app =>
    {
        app.MapGateway();
        app.MapMemory();
        app.MapNodeAgent();
        app.MapWeb();
    });
