using WeightMem.Engine.Tensors;
using WeightMem.Formats;
using WeightMem.Formats.Safetensors;

namespace WeightMem.Models.Targets.Networks;

/// <summary>The state of one network in a file: written as safetensors, read from any kind, <c>.pth</c> of timm among them.</summary>
internal static class NetworkFile
{
    private static readonly string[] Wrappers = ["model.", "module."];

    /// <summary>Writes a state, whole or not at all.</summary>
    /// <exception cref="FileWriteException">The file cannot be written.</exception>
    public static void Write(string path, ParameterLayout layout, IReadOnlyDictionary<string, float[]> state, IReadOnlyDictionary<string, string> metadata) =>
        SafetensorsFile.Write(
            path, [.. layout.Entries.Select(e => SafetensorsTensor.Of(e.Name, state[e.Name], [.. e.Shape.Select(s => (long)s)]))], new Dictionary<string, string>(metadata));

    /// <summary>
    /// Reads a state of a layout. Names may stand in a wrapper (<c>model.</c>, <c>module.</c>) or in a part of the file (<c>state_dict/</c>); counters are passed over.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="layout">The names and shapes.</param>
    /// <param name="mayLack">Names that may be missing or of another shape, such as a head for other classes: they are not in the result.</param>
    /// <exception cref="FileFormatException">A parameter is missing or of another shape.</exception>
    /// <exception cref="FileReadException">The file cannot be read.</exception>
    public static Dictionary<string, float[]> Read(string path, ParameterLayout layout, Func<string, bool>? mayLack = null)
    {
        using ArrayFile file = ArrayFile.Open(path);
        var byName = new Dictionary<string, ArrayEntry>();
        foreach (ArrayEntry entry in file.Arrays.Where(a => a.Type.IsFloat() && !a.IsList))
        {
            string name = entry.Name[(entry.Name.LastIndexOf('/') + 1)..];
            if (Array.Find(Wrappers, w => name.StartsWith(w, StringComparison.Ordinal)) is { } wrapper) name = name[wrapper.Length..];
            byName.TryAdd(name, entry);
        }

        var state = new Dictionary<string, float[]>();
        foreach (ParameterEntry wanted in layout.Entries)
        {
            long[] shape = [.. wanted.Shape.Select(s => (long)s)];
            bool there = byName.TryGetValue(wanted.Name, out ArrayEntry? entry), fits = there && entry!.Shape.SequenceEqual(shape);
            if (fits) state[wanted.Name] = file.Read(entry!.Name).ToFloats();
            else if (mayLack is null || !mayLack(wanted.Name))
                throw new FileFormatException(path, $"parameter {wanted.Name} {wanted.Shape}", there ? $"[{string.Join(", ", entry!.Shape)}]" : $"{byName.Count} others");
        }

        return state;
    }
}
