namespace WeightMem.Formats.Matlab;

/// <summary>A variable of a MAT-file that is not read as an array.</summary>
/// <param name="Name">Its name; empty for the nameless data that MATLAB keeps for its objects.</param>
/// <param name="Class">What it is, such as <c>struct</c>, <c>cell</c>, <c>char</c>, <c>sparse</c> or <c>complex double</c>.</param>
/// <param name="Shape">Its sizes; empty for what has none.</param>
public sealed record MatEntry(string Name, string Class, long[] Shape);

/// <summary>What a MAT-file holds.</summary>
/// <param name="Arrays">The real numeric and logical arrays in the file's order, row-major.</param>
/// <param name="Skipped">The variables of other classes in the file's order.</param>
public sealed record MatContents(IReadOnlyList<NamedArray> Arrays, IReadOnlyList<MatEntry> Skipped)
{
    /// <summary>The array of a name, or null.</summary>
    public NamedArray? this[string name] => Arrays.FirstOrDefault(a => a.Name == name);
}
