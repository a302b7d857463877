using WeightMem.Formats;
using WeightMem.Formats.Torch;
using WeightMem.Models.Populations;
using WeightMem.Models.Targets;

namespace WeightMem.Models.Shapes;

/// <summary>
/// A folder of fitted fields as HyperDiffusion has them: one file a shape, <c>occ_ID_jitter_0_model_final.pth</c>, a state dict of the network
/// (specification, sections 1.6 and 2).
/// </summary>
public static class FieldWeightFolder
{
    /// <summary>Reads the fields of some shapes in the order of their file names.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="target">The fields' target; names and shapes are checked against it.</param>
    /// <param name="ids">Shapes to take; null for all.</param>
    /// <returns>A row a file; the ids are in the provenance as <c>shapes</c>.</returns>
    /// <exception cref="FileFormatException">There are none, or a file holds other parameters; the message names the file.</exception>
    public static Population Read(string folder, FieldTarget target, IReadOnlyCollection<string>? ids = null)
    {
        HashSet<string>? wanted = ids is null ? null : [.. ids];
        if (!Directory.Exists(folder)) throw new FileFormatException(folder, "a folder of fitted fields", "none");
        var found = new List<(string Path, string Id)>();
        foreach (string path in Directory.EnumerateFiles(folder, "*.pth").Order(StringComparer.Ordinal))
        {
            if (IdOf(Path.GetFileName(path), wanted) is { } id) found.Add((path, id));
        }

        if (found.Count == 0) throw new FileFormatException(folder, "fitted fields (occ_ID_jitter_0_model_final.pth) of the shapes asked for", "none");
        var weights = new float[(long)found.Count * target.Parameters];
        for (int i = 0; i < found.Count; i++)
        {
            using ArrayFile file = ArrayFile.Open(found[i].Path);
            StateDict.Find(file, null, target.Layout).ReadRow(weights.AsSpan(i * target.Parameters, target.Parameters), target.Layout);
        }

        return new Population(target.Name, target.Layout, weights) { Provenance = { ["shapes"] = string.Join(',', found.Select(f => f.Id)) } };
    }

    /// <summary>Writes the fields of shapes in this form.</summary>
    /// <param name="folder">The folder; made if missing.</param>
    /// <param name="fields">The fields.</param>
    /// <param name="ids">The shape of each.</param>
    /// <exception cref="FileWriteException">A file cannot be written.</exception>
    public static void Write(string folder, Population fields, IReadOnlyList<string> ids)
    {
        Directory.CreateDirectory(folder);
        for (int i = 0; i < fields.Count; i++)
        {
            Dictionary<string, float[]> state = fields.Layout.Unpack(fields.Row(i));
            TorchWriter.Write(
                Path.Combine(folder, $"occ_{ids[i]}_jitter_0_model_final.pth"),
                [.. fields.Layout.Entries.Select(e => NamedArray.Of(e.Name, state[e.Name], [.. e.Shape.Select(s => (long)s)]))]);
        }
    }

    /// <summary>The id in a file name: what stands between its first and second underscore, or its first and third, or all of it.</summary>
    private static string? IdOf(string name, HashSet<string>? wanted)
    {
        string[] parts = Path.GetFileNameWithoutExtension(name).Split('_');
        string[] candidates = [parts.Length > 2 ? parts[1] : "", parts.Length > 3 ? parts[1] + "_" + parts[2] : "", Path.GetFileNameWithoutExtension(name)];
        return Array.Find(candidates, c => c.Length > 0 && (wanted is null || wanted.Contains(c)));
    }
}
