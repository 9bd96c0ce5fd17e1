using Comox.Gateway;
using Comox.ServiceDefaults;

return await ServiceHost.RunAsync(args, builder => builder.AddGateway(), app => app.MapGateway());
