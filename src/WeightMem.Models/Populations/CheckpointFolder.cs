using System.Globalization;
using WeightMem.Engine.Tensors;
using WeightMem.Formats;

namespace WeightMem.Models.Populations;

/// <summary>
/// A folder of checkpoints, one network a file, as a population. Files that lie directly in it are networks of runs of their own; files in subfolders (at any depth
/// below) are the steps of one run a subfolder. Files are taken in the order of their names, with numbers compared as numbers; the step is the last number of a name.
/// </summary>
public static class CheckpointFolder
{
    private const int DeepestFolder = 4;

    private static readonly string[] Endings = [".pt", ".pth", ".ckpt", ".safetensors", ".npz"];

    /// <summary>The checkpoints of a folder in order, each with its run and step.</summary>
    /// <exception cref="FileReadException">The folder cannot be read.</exception>
    public static IReadOnlyList<(string Path, int Run, int Step)> List(string folder)
    {
        var files = new List<string>();
        try
        {
            var options = new EnumerationOptions { RecurseSubdirectories = true, MaxRecursionDepth = DeepestFolder, AttributesToSkip = FileAttributes.Hidden };
            files.AddRange(Directory.EnumerateFiles(folder, "*", options).Where(f => Endings.Contains(Path.GetExtension(f).ToLowerInvariant())));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new FileFormatException(folder, "a folder that can be read", error.Message, error);
        }

        files.Sort(NaturalOrder.Comparer);
        string top = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        var runs = new Dictionary<string, int>();
        var listed = new List<(string, int, int)>();
        foreach (string file in files)
        {
            string parent = Path.GetDirectoryName(Path.GetFullPath(file))!;
            string run = parent == top ? file : parent[(top.Length + 1)..].Split(Path.DirectorySeparatorChar)[0];
            if (!runs.TryGetValue(run, out int number)) runs[run] = number = runs.Count;
            listed.Add((file, number, LastNumber(Path.GetFileNameWithoutExtension(file)) ?? LastNumber(Path.GetFileName(parent)) ?? 0));
        }

        return listed;
    }

    /// <summary>Reads all checkpoints.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="target">Name of the target.</param>
    /// <param name="layout">The layout of every network, or null for the first one's.</param>
    /// <param name="part">Where in each file its parameters are, or null to look.</param>
    /// <exception cref="FileFormatException">There are none, a file is damaged, or one has other parameters than the first; the message names the file.</exception>
    public static Population Read(string folder, string target, ParameterLayout? layout = null, string? part = null)
    {
        IReadOnlyList<(string Path, int Run, int Step)> files = List(folder);
        if (files.Count == 0) throw new FileFormatException(folder, $"checkpoints ({string.Join(' ', Endings)})", "none");
        float[] weights = [];
        for (int i = 0; i < files.Count; i++)
        {
            using ArrayFile file = ArrayFile.Open(files[i].Path);
            StateDict state = StateDict.Find(file, part, layout);
            layout ??= state.Layout;
            if (i == 0)
            {
                if (layout.Count * files.Count > Array.MaxLength) throw new FileFormatException(folder, $"networks of at most {Array.MaxLength} values together", $"{files.Count} of {layout.Count}");
                weights = new float[layout.Count * files.Count];
            }

            state.ReadRow(weights.AsSpan(checked((int)(i * layout.Count)), checked((int)layout.Count)), layout);
        }

        return new Population(target, layout!, weights, [.. files.Select(f => f.Run)], [.. files.Select(f => f.Step)])
        {
            Provenance = { ["source"] = $"{files.Count} checkpoint files" },
        };
    }

    private static int? LastNumber(string name)
    {
        int end = name.Length;
        while (end > 0 && !char.IsAsciiDigit(name[end - 1])) end--;
        int start = end;
        while (start > 0 && char.IsAsciiDigit(name[start - 1])) start--;
        return int.TryParse(name.AsSpan(start, end - start), NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : null;
    }
}
