using Comox.NodeAgent;
using Comox.ServiceDefaults;

return await ServiceHost.RunAsync(args, builder => builder.AddNodeAgent(), app => app.MapNodeAgent());
