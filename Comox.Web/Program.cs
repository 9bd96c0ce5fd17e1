using Comox.Web;
using Comox.ServiceDefaults;

return await ServiceHost.RunAsync(args, builder => builder.AddWeb(), app => app.MapWeb());
