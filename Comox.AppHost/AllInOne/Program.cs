using Comox.AllInOne;
using Comox.ServiceDefaults;

return await ServiceHost.RunAsync(args, builder => builder.AddAllInOne(), app => app.MapAllInOne());
