using Comox.NodeAgent;
using Comox.NodeAgent.Engines;
using Comox.NodeAgent.ModelCache;
using Comox.ServiceDefaults;

return await CacheVerbs.RunAsync(args) ?? await PlanVerb.RunAsync(args) ?? await ServiceHost.RunAsync(args, builder => builder.AddNodeAgent(), app => app.MapNodeAgent());
