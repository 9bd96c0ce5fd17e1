using Comox.Memory;
using Comox.ServiceDefaults;

return await ServiceHost.RunAsync(args, builder => builder.AddMemory(), app => app.MapMemory());
