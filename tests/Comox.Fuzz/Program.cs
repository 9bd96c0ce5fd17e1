using System.Globalization;
using Comox.Fuzz;
using Comox.Fuzz.Targets;

IFuzzTarget[] targets = [new SseTarget(), new ChatBodyTarget(), new ResponsesBodyTarget(), new ResponsesStreamTarget(), new CardTarget(), new FactsTarget()];

if (args.Length is 0 or > 3 || targets.FirstOrDefault(known => known.Name == args[0]) is not { } target)
    return Usage();
int seconds = 20, seed = 1;
if ((args.Length > 1 && !int.TryParse(args[1], CultureInfo.InvariantCulture, out seconds)) || (args.Length > 2 && !int.TryParse(args[2], CultureInfo.InvariantCulture, out seed)) || seconds < 0)
    return Usage();
return new FuzzRun(target, Console.Out, TimeProvider.System).For(TimeSpan.FromSeconds(seconds), seed);

int Usage()
{
    Console.Error.WriteLine("Usage: dotnet run -c Release --project tests/Comox.Fuzz -- <target> [seconds, 20; 0 tries one input] [seed, 1]");
    foreach (var known in targets)
        Console.Error.WriteLine($"  {known.Name,-16} {known.Promise}");
    return 2;
}
