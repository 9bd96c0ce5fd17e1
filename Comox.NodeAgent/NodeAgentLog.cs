namespace Comox.NodeAgent;

internal static partial class NodeAgentLog
{
    [LoggerMessage(1, LogLevel.Warning, "llama-server on PATH is passed over: {Problem}")]
    public static partial void EngineOnPathUnusable(this ILogger log, string problem);

    [LoggerMessage(2, LogLevel.Warning, "The installed llama-server does not run any more and is installed again: {Problem}")]
    public static partial void InstalledEngineUnusable(this ILogger log, string problem);

    [LoggerMessage(3, LogLevel.Information, "Installed {Path}, version {Version}")]
    public static partial void EngineInstalled(this ILogger log, string path, string version);

    [LoggerMessage(4, LogLevel.Information, "One way to install llama-server did not work: {Problem}")]
    public static partial void InstallFailed(this ILogger log, string problem);

    [LoggerMessage(5, LogLevel.Information, "No model from the hub: {Problem}")]
    public static partial void HubModelNotHad(this ILogger log, string problem);

    [LoggerMessage(6, LogLevel.Information, "Downloading {File} of {Repository}, {Size} bytes")]
    public static partial void Downloading(this ILogger log, string file, string repository, long size);

    [LoggerMessage(7, LogLevel.Information, "Engine {Engine}: {State}. {Reason}")]
    public static partial void EngineState(this ILogger log, string engine, string state, string reason);

    [LoggerMessage(8, LogLevel.Error, "Engine {Engine} failed: {Reason}")]
    public static partial void EngineFailed(this ILogger log, string engine, string reason);

    [LoggerMessage(9, LogLevel.Information, "Model {Model} ({Source}). {Notice}")]
    public static partial void ModelChosen(this ILogger log, string model, string source, string? notice);

    [LoggerMessage(10, LogLevel.Warning, "Ended the engine {ProcessId} that an earlier agent had left behind")]
    public static partial void StaleEngineEnded(this ILogger log, int processId);

    [LoggerMessage(11, LogLevel.Debug, "Engine {Engine} answered a proxied request with {Error}")]
    public static partial void ForwardFailed(this ILogger log, string engine, string error);

    [LoggerMessage(12, LogLevel.Warning, "The model {Path} is passed over: the engine cannot load it. {Reason}")]
    public static partial void ModelPassedOver(this ILogger log, string path, string reason);

    [LoggerMessage(13, LogLevel.Error, "A mistake in Comox stopped the supervision of engine {Engine}")]
    public static partial void SupervisionBroke(this ILogger log, string engine, Exception bug);

    [LoggerMessage(14, LogLevel.Warning, "Engine {Engine} could not be ended in good order")]
    public static partial void EngineNotEnded(this ILogger log, string engine, Exception problem);

    [LoggerMessage(15, LogLevel.Information, "Loading {Engine} ({Mebibytes} MiB); {Waiting} requests wait for it")]
    public static partial void LoadDecided(this ILogger log, string engine, long mebibytes, int waiting);

    [LoggerMessage(16, LogLevel.Information, "Engine {Engine} makes room ({Mebibytes} MiB) when its {InFlight} requests are done")]
    public static partial void DrainDecided(this ILogger log, string engine, long mebibytes, int inFlight);

    [LoggerMessage(17, LogLevel.Warning, "Engine {Engine} is estimated to need {Mebibytes} MiB, and engines have {Limit} MiB here. It is pinned, so it is tried")]
    public static partial void LoadedAnyway(this ILogger log, string engine, long mebibytes, long limit);

    [LoggerMessage(18, LogLevel.Information, "Evicted {Model} from the model cache, {Bytes} bytes, to make room for {File}")]
    public static partial void Evicted(this ILogger log, string model, long bytes, string file);

    [LoggerMessage(19, LogLevel.Warning, "GPUs cannot be read by {Source} now; the next way is tried")]
    public static partial void GpuSourceFailed(this ILogger log, string source, Exception failure);

    [LoggerMessage(20, LogLevel.Warning, "GPU {Index} ({Name}) is {Health}. {Reasons}")]
    public static partial void GpuUnwell(this ILogger log, int index, string name, string health, string reasons);

    [LoggerMessage(21, LogLevel.Information, "GPU {Index} ({Name}) is well again")]
    public static partial void GpuWell(this ILogger log, int index, string name);

    [LoggerMessage(40, LogLevel.Warning, "The sleep of engine {Engine} is not used: {Reason}")]
    public static partial void SleepNotUsed(this ILogger log, string engine, string reason);

    [LoggerMessage(41, LogLevel.Information, "Engine {Engine} goes to sleep ({Mebibytes} MiB) when its {InFlight} requests are done")]
    public static partial void SleepDecided(this ILogger log, string engine, long mebibytes, int inFlight);

    [LoggerMessage(42, LogLevel.Information, "Somebody may soon ask for {Engine}: its files are read into memory, because there is no room to load it")]
    public static partial void ReadAheadDecided(this ILogger log, string engine);

    [LoggerMessage(43, LogLevel.Debug, "{Path} could not be read ahead: {Problem}")]
    public static partial void ReadAheadFailed(this ILogger log, string path, string problem);

    [LoggerMessage(22, LogLevel.Warning, "Engine {Engine} is {Health}. {Reasons}")]
    public static partial void EngineUnwell(this ILogger log, string engine, string health, string reasons);

    [LoggerMessage(23, LogLevel.Information, "Engine {Engine} is well again")]
    public static partial void EngineWell(this ILogger log, string engine);

    [LoggerMessage(24, LogLevel.Warning, "How fast engines are cannot be kept in {Path}, so it is learned again after a restart: {Problem}")]
    public static partial void SpeedsNotKept(this ILogger log, string path, string problem);

    [LoggerMessage(25, LogLevel.Warning, "{Path} cannot be read, so how fast engines are is learned again: {Problem}")]
    public static partial void SpeedsNotRead(this ILogger log, string path, string problem);

    [LoggerMessage(27, LogLevel.Information, "Saved what {Slots} slots of engine {Engine} had read: {Tokens} tokens")]
    public static partial void SlotsSaved(this ILogger log, string engine, int slots, int tokens);

    [LoggerMessage(28, LogLevel.Information, "Gave engine {Engine} back what {Slots} slots had read: {Tokens} tokens")]
    public static partial void SlotsRestored(this ILogger log, string engine, int slots, int tokens);

    [LoggerMessage(29, LogLevel.Warning, "What engine {Engine} had read could not be {What}: {Problem}")]
    public static partial void SlotsNotKept(this ILogger log, string engine, string what, string problem);

    [LoggerMessage(26, LogLevel.Error, "A mistake in Comox kept engine {Engine} from being watched for a moment")]
    public static partial void WatchBroke(this ILogger log, string engine, Exception bug);
}
