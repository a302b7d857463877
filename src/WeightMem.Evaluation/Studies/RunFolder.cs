using System.Text.Json;
using WeightMem.Formats;
using WeightMem.Formats.TensorBoard;

namespace WeightMem.Evaluation.Studies;

/// <summary>A folder that cannot be used for the run that was asked for: the message says why and what to do.</summary>
public sealed class RunFolderException(string message) : Exception(message);

/// <summary>How a run was computed: the part of its record that does not decide what is computed.</summary>
public sealed record RunRecord
{
    /// <summary>Version of the program.</summary>
    public required string Version { get; init; }

    /// <summary>Device and math mode.</summary>
    public required string Device { get; init; }

    /// <summary>Numbers' precision.</summary>
    public required string Math { get; init; }

    /// <summary>Which library or kernel did what on the device.</summary>
    public IReadOnlyDictionary<string, string> Paths { get; init; } = new Dictionary<string, string>();

    /// <summary>Level of determinism: <c>run_to_run</c>.</summary>
    public string Determinism { get; init; } = "run_to_run";

    /// <summary>Operating system and runtime.</summary>
    public required string System { get; init; }

    /// <summary>The command line that repeats the run.</summary>
    public required string CommandLine { get; init; }

    /// <summary>SHA-256 of the inputs, by name.</summary>
    public IReadOnlyDictionary<string, string> Inputs { get; init; } = new Dictionary<string, string>();

    /// <summary>Wall seconds of the stages done in the last session that did them.</summary>
    public Dictionary<string, double> Seconds { get; init; } = [];
}

/// <summary>
/// A run on disk. Every file is written whole under a temporary name and renamed, so a run that is killed at any moment resumes from the files that
/// are there. One process uses a folder at a time.
/// </summary>
public sealed class RunFolder : IDisposable
{
    private readonly FolderLock _lock;
    private EventFile? _events;

    private RunFolder(string root, FolderLock hold)
    {
        Root = root;
        _lock = hold;
    }

    /// <summary>The folder.</summary>
    public string Root { get; }

    /// <summary>The resolved configuration.</summary>
    public string Config => File("config.json");

    /// <summary>How it was computed.</summary>
    public string Record => File("run.json");

    /// <summary>One JSON object per line: what happened when.</summary>
    public string Log => File("log.jsonl");

    /// <summary>Checkpoints of the training runs.</summary>
    public string Training => Zoo.Training;

    /// <summary>Checkpoints of the held-out runs.</summary>
    public string Heldout => Zoo.Heldout;

    /// <summary>The generator's state.</summary>
    public string Generator => File("generator.safetensors");

    /// <summary>Networks from starts that training never saw.</summary>
    public string Generated => File("generated.h5");

    /// <summary>Networks from starts of training runs.</summary>
    public string GeneratedFromKnownStarts => File("generated-known-starts.h5");

    /// <summary>Networks of recursive prompting.</summary>
    public string GeneratedRecursively => File("generated-recursive.h5");

    /// <summary>The numbers.</summary>
    public string Evaluation => File("evaluation.json");

    /// <summary>The figures.</summary>
    public string Figures => File("figures");

    /// <summary>The page.</summary>
    public string Report => File("report.html");

    /// <summary>Opens or makes the folder of a configuration.</summary>
    /// <exception cref="RunFolderException">The folder holds another run, is in use, or is not a run and not empty.</exception>
    /// <exception cref="FileWriteException">The folder cannot be written.</exception>
    public static RunFolder Open(string path, StudyConfig config)
    {
        string root = Path.GetFullPath(path);
        bool isRun = System.IO.File.Exists(Path.Combine(root, "config.json"));
        if (!isRun && Directory.Exists(root) && Directory.EnumerateFileSystemEntries(root).Any(entry => Path.GetFileName(entry) != FolderLock.FileName && !AtomicFile.IsTemporary(entry)))
            throw new RunFolderException($"{path} is not empty and holds no run: name another folder with --out");
        RunFolder folder = Lock(path, root);
        try
        {
            if (isRun && StudyConfig.Differences(config, ReadConfig(root)) is { Count: > 0 } differences)
            {
                if (folder.HasResults())
                {
                    throw new RunFolderException(
                        $"{path} holds another run: {string.Join(", ", differences.Take(3))}{(differences.Count > 3 ? $" and {differences.Count - 3} more settings differ" : "")}; name another folder with --out, or remove this one");
                }

                isRun = false; // a run that was refused, or stopped before it had anything to lose, left its configuration
            }

            if (!isRun) AtomicFile.WriteText(folder.Config, config.ToJson());
        }
        catch
        {
            folder.Dispose();
            throw;
        }

        return folder;
    }

    /// <summary>Opens a folder that holds a run.</summary>
    /// <exception cref="RunFolderException">It holds none, or is in use.</exception>
    public static (RunFolder Folder, StudyConfig Config) OpenExisting(string path)
    {
        string root = Path.GetFullPath(path);
        if (!System.IO.File.Exists(Path.Combine(root, "config.json")))
            throw new RunFolderException($"{path} holds no run: there is no config.json in it");
        StudyConfig config = ReadConfig(root);
        return (Lock(path, root), config);
    }

    /// <summary>A file or folder of the run.</summary>
    public string File(string name) => Path.Combine(Root, name);

    /// <summary>A baseline's population.</summary>
    public string Baseline(string name) => Path.Combine(Root, "baselines", name + ".h5");

    /// <summary>The networks of the study.</summary>
    internal StoredZoo Zoo => new(Root);

    /// <summary>Appends a line to the log.</summary>
    public void Append(string stage, string text)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream))
        {
            writer.WriteStartObject();
            writer.WriteString("time", DateTimeOffset.UtcNow.ToString("yyyy-MM-ddTHH:mm:ssZ", System.Globalization.CultureInfo.InvariantCulture));
            writer.WriteString("stage", stage);
            writer.WriteString("text", text);
            writer.WriteEndObject();
        }

        stream.WriteByte((byte)'\n');
        try
        {
            using var log = new FileStream(Log, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read);
            log.Position = EndOfLines(log);
            log.Write(stream.GetBuffer().AsSpan(0, (int)stream.Length));
            log.SetLength(log.Position);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new RunFolderException($"cannot write {Log}: {e.Message}");
        }
    }

    /// <summary>Logs a number that changes with the step, for TensorBoard (<c>tensorboard --logdir RUN</c>).</summary>
    /// <param name="tag">What it is, such as <c>loss/train</c>.</param>
    /// <param name="step">At which step.</param>
    /// <param name="value">The number.</param>
    /// <exception cref="FileWriteException">The file cannot be written.</exception>
    public void Scalar(string tag, long step, double value)
    {
        _events ??= new EventFile(Root, DateTimeOffset.UtcNow, step);
        _events.Add(tag, step, (float)value, DateTimeOffset.UtcNow);
    }

    /// <summary>Reads the record of how the run was computed; null when there is none, or it is damaged: nothing is computed from it.</summary>
    public RunRecord? ReadRecord()
    {
        try
        {
            return System.IO.File.Exists(Record) ? JsonSerializer.Deserialize(System.IO.File.ReadAllText(Record), StudyJson.Default.RunRecord) : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>Writes the record of how the run was computed.</summary>
    public void WriteRecord(RunRecord record) => AtomicFile.WriteText(Record, JsonSerializer.Serialize(record, StudyJson.Default.RunRecord) + "\n");

    /// <summary>Lets go of the folder.</summary>
    public void Dispose()
    {
        _events?.Dispose();
        _lock.Dispose();
    }

    /// <summary>Whether anything has been computed.</summary>
    internal bool HasResults() => Directory.EnumerateFileSystemEntries(Root).Any(entry => entry != Config && entry != Record && entry != Log && Path.GetFileName(entry) != FolderLock.FileName);

    /// <summary>Where the last whole line ends: a full disk or a power cut may have left a part of one.</summary>
    private static long EndOfLines(FileStream log)
    {
        long end = log.Length;
        for (; end > 0; end--)
        {
            log.Position = end - 1;
            if (log.ReadByte() == '\n') break;
        }

        return end;
    }

    private static StudyConfig ReadConfig(string root)
    {
        string path = Path.Combine(root, "config.json");
        try
        {
            return StudyConfig.FromJson(System.IO.File.ReadAllText(path));
        }
        catch (JsonException e)
        {
            throw new RunFolderException($"{path} is no configuration of this version: {e.Message}");
        }
    }

    private static RunFolder Lock(string path, string root)
    {
        try
        {
            return new RunFolder(root, FolderLock.Take(root));
        }
        catch (RunFolderException error)
        {
            throw new RunFolderException(error.Message.Replace(root, path, StringComparison.Ordinal));
        }
    }
}
