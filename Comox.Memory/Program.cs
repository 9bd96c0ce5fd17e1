using Comox.Memory;
using Comox.Memory.Datasets;
using Comox.ServiceDefaults;

return DatasetVerb.Run(args, Console.Out) ?? await ServiceHost.RunAsync(args, builder => builder.AddMemory(), app => app.MapMemory());
