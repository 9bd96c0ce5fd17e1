namespace Comox.NodeAgent.Downloads;

/// <summary>The file system as downloads use it. Errors are <see cref="IOException"/> or <see cref="UnauthorizedAccessException"/>.</summary>
internal interface IDownloadDisk
{
    bool Exists(string path);

    /// <summary>Opens for reading and writing, made when missing; nobody else has it open meanwhile.</summary>
    IDownloadFile Open(string path);

    void Move(string from, string to);

    void Delete(string path);
}

/// <summary>An open file. What was written survives a killed process at once, and a loss of power only after <see cref="Flush"/>.</summary>
internal interface IDownloadFile : IDisposable
{
    long Length { get; }

    /// <returns>0 at the end.</returns>
    ValueTask<int> ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancellation);

    void Write(long offset, ReadOnlySpan<byte> bytes);

    void SetLength(long length);

    void Flush();
}

internal sealed class LocalDisk : IDownloadDisk
{
    public bool Exists(string path) => File.Exists(path);

    public IDownloadFile Open(string path) => new OpenFile(path);

    public void Move(string from, string to) => File.Move(from, to, overwrite: true);

    public void Delete(string path) => File.Delete(path);

    // No buffers of its own: what a full disk refuses must not be tried again on closing, and a killed process must not lose what it believes written.
    private sealed class OpenFile(string path) : IDownloadFile
    {
        private readonly FileStream _file = new(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read, bufferSize: 0);

        public long Length => RandomAccess.GetLength(_file.SafeFileHandle);

        public ValueTask<int> ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancellation) =>
            RandomAccess.ReadAsync(_file.SafeFileHandle, buffer, offset, cancellation);

        public void Write(long offset, ReadOnlySpan<byte> bytes) => RandomAccess.Write(_file.SafeFileHandle, bytes, offset);

        public void SetLength(long length) => RandomAccess.SetLength(_file.SafeFileHandle, length);

        public void Flush() => RandomAccess.FlushToDisk(_file.SafeFileHandle);

        public void Dispose() => _file.Dispose();
    }
}
