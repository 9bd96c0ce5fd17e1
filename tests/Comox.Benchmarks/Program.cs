using BenchmarkDotNet.Running;
using Comox.Benchmarks;
using Comox.Benchmarks.BuiltInModel;
using Comox.Benchmarks.Fleet;
using Comox.Benchmarks.Fleet.Live;
using Comox.Benchmarks.Locomo;

switch (args)
{
    case ["locomo", .. var rest]:
        return LocomoReport.Run(rest, Console.Out);
    case ["recall", .. var rest]:
        return RecallSpeed.Run(rest);
    case ["assemble", .. var rest]:
        return await AssembleSpeed.RunAsync(rest);
    case ["warmup", .. var rest]:
        return await WarmUpSpeed.RunAsync(rest);
    case ["talker", .. var rest]:
        return await TalkerBenchmark.RunAsync(rest);
    case ["simulated-node", .. var rest]:
        return await SimulatedNode.RunAsync(rest);
    case ["fleet", .. var rest] when rest.Contains("--live"):
        return await LiveBenchmark.RunAsync(rest);
    case ["fleet", .. var rest]:
        return FleetBenchmark.Run(rest);
    default:
        BenchmarkSwitcher.FromAssembly(typeof(Measured).Assembly).Run(args, new Measured());
        return 0;
}
