using BenchmarkDotNet.Running;
using Comox.Benchmarks;

BenchmarkSwitcher.FromAssembly(typeof(Measured).Assembly).Run(args, new Measured());
