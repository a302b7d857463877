using WeightMem.Engine.Tensors;
using WeightMem.Formats;

namespace WeightMem.Models.Populations;

/// <summary>
/// The named parameters of one network somewhere in a file: the floating-point arrays of the file, or of one part of it. Counters and other whole numbers that
/// state dicts carry are no parameters.
/// </summary>
public sealed class StateDict
{
    /// <summary>Under which names training programs keep a network's parameters beside other things, the best to evaluate first.</summary>
    private static readonly string[] UsualParts = ["G_ema", "ema", "state_dict", "model_state_dict", "model", "net", "network", "weights"];

    private readonly ArrayFile _file;
    private readonly Dictionary<string, ArrayEntry> _entries;

    private StateDict(ArrayFile file, string part, Dictionary<string, ArrayEntry> entries)
    {
        (_file, Part, _entries) = (file, part, entries);
        foreach (ArrayEntry entry in entries.Values)
        {
            if (entry.Shape.Length > Shape.MaxRank || entry.Count > int.MaxValue)
                throw new FileFormatException(file.Path, $"parameters of at most {Shape.MaxRank} dimensions and {int.MaxValue} values", $"{entry.Name} [{string.Join(", ", entry.Shape)}]");
        }

        Layout = new ParameterLayout(entries.Select(e => (e.Key, new Shape([.. e.Value.Shape.Select(s => (int)s)]))));
    }

    /// <summary>Where in the file the parameters are; empty when they are at its root.</summary>
    public string Part { get; }

    /// <summary>The parameters in the file's order.</summary>
    public ParameterLayout Layout { get; }

    /// <summary>Finds the parameters of a network in a file.</summary>
    /// <param name="file">The file.</param>
    /// <param name="part">Where in the file to look, such as <c>state_dict</c>, or null to look everywhere.</param>
    /// <param name="layout">The layout that the parameters must have, in any order, or null for whatever there is.</param>
    /// <exception cref="FileFormatException">There are none, or there are several and no telling which; the message lists where they are.</exception>
    public static StateDict Find(ArrayFile file, string? part, ParameterLayout? layout = null)
    {
        Dictionary<string, Dictionary<string, ArrayEntry>> parts = Parts(file);
        if (part is not null)
        {
            string wanted = part.TrimEnd('/');
            return parts.TryGetValue(wanted, out Dictionary<string, ArrayEntry>? entries)
                ? Checked(file, wanted, entries, layout)
                : throw new FileFormatException(file.Path, $"parameters in part '{part}'", Describe(parts));
        }

        if (parts.Count == 0) throw new FileFormatException(file.Path, "the parameters of a network (arrays of floats)", "none");
        if (layout is not null)
        {
            string[] fitting = [.. parts.Where(p => Misfit(p.Value, layout) is null).Select(p => p.Key)];
            if (fitting.Length > 0) return new StateDict(file, Usual(fitting) ?? fitting[0], parts[Usual(fitting) ?? fitting[0]]);
        }

        if (parts.Count == 1) return Checked(file, parts.Keys.First(), parts.Values.First(), layout);
        return Usual(parts.Keys) is { } usual
            ? Checked(file, usual, parts[usual], layout)
            : throw new FileFormatException(file.Path, "the parameters of one network (name the part with --part)", Describe(parts));
    }

    /// <summary>Reads the parameters into a row in the order of a layout, converted to float32.</summary>
    /// <param name="row">Gets the values; as long as the layout.</param>
    /// <param name="layout">The order: all of its names are there with their shapes.</param>
    /// <exception cref="FileFormatException">A parameter is missing, has another shape, or is cut or damaged.</exception>
    public void ReadRow(Span<float> row, ParameterLayout layout)
    {
        if (Misfit(_entries, layout) is { } misfit) throw new FileFormatException(_file.Path, misfit.Expected, misfit.Found);
        foreach (ParameterEntry entry in layout.Entries)
            _file.Read(_entries[entry.Name].Name).ToFloats().CopyTo(row.Slice(checked((int)entry.Offset), checked((int)entry.Count)));
    }

    private static StateDict Checked(ArrayFile file, string part, Dictionary<string, ArrayEntry> entries, ParameterLayout? layout)
    {
        if (layout is not null && Misfit(entries, layout) is { } misfit) throw new FileFormatException(file.Path, misfit.Expected, misfit.Found);
        return new StateDict(file, part, entries);
    }

    /// <summary>The floating-point arrays by the part they are in and the name they have there.</summary>
    private static Dictionary<string, Dictionary<string, ArrayEntry>> Parts(ArrayFile file)
    {
        var parts = new Dictionary<string, Dictionary<string, ArrayEntry>>();
        foreach (ArrayEntry entry in file.Arrays.Where(a => a.Type.IsFloat() && !a.IsList))
        {
            (string part, string name) = Place(entry.Name);
            if (!parts.TryGetValue(part, out Dictionary<string, ArrayEntry>? entries)) parts[part] = entries = [];
            entries[name] = entry;
        }

        return parts;
    }

    /// <summary>
    /// The part of a file that an array is in, and its name there. PyTorch modules that were saved whole keep their parameters in the attributes of nested objects:
    /// <c>net/_modules/fc/_parameters/weight</c> is <c>fc.weight</c> of <c>net</c>, as its state dict would say.
    /// </summary>
    private static (string Part, string Name) Place(string path)
    {
        string[] steps = path.Split('/');
        int start = steps.Length - 1;
        string name = steps[^1];
        if (steps.Length > 1 && steps[^2] is "_parameters" or "_buffers")
        {
            for (start = steps.Length - 2; start >= 2 && steps[start - 2] == "_modules"; start -= 2) name = $"{steps[start - 1]}.{name}";
        }

        return (string.Join('/', steps[..start]), name);
    }

    private static string? Usual(IReadOnlyCollection<string> parts)
    {
        foreach (string usual in UsualParts)
        {
            if (parts.Contains(usual)) return usual;
        }

        return null;
    }

    private static (string Expected, string Found)? Misfit(Dictionary<string, ArrayEntry> entries, ParameterLayout layout)
    {
        foreach (ParameterEntry wanted in layout.Entries)
        {
            if (!entries.TryGetValue(wanted.Name, out ArrayEntry? entry)) return ($"parameter {wanted.Name} {wanted.Shape}", $"{entries.Count} others ({string.Join(", ", entries.Keys.Take(6))})");
            if (!entry.Shape.SequenceEqual(wanted.Shape.Select(s => (long)s))) return ($"parameter {wanted.Name} {wanted.Shape}", $"[{string.Join(", ", entry.Shape)}]");
        }

        return entries.Count == layout.Entries.Count ? null : ($"{layout.Entries.Count} parameters", $"{entries.Count} ({string.Join(", ", entries.Keys.Where(k => !layout.Contains(k)).Take(6))} beside them)");
    }

    private static string Describe(Dictionary<string, Dictionary<string, ArrayEntry>> parts)
    {
        if (parts.Count == 0) return "none";
        string listed = string.Join(", ", parts.Take(8).Select(p => $"{(p.Key.Length == 0 ? "the root" : $"'{p.Key}'")} ({p.Value.Count})"));
        return parts.Count > 8 ? $"parameters in {listed} and {parts.Count - 8} more parts" : $"parameters in {listed}";
    }
}
