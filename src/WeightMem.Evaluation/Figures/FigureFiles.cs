using WeightMem.Formats;

namespace WeightMem.Evaluation.Figures;

/// <summary>Where the three files of a figure lie.</summary>
/// <param name="Png">The picture at doubled resolution.</param>
/// <param name="Svg">The picture as vectors.</param>
/// <param name="Csv">The numbers behind the picture.</param>
public sealed record FigureFiles(string Png, string Svg, string Csv)
{
    /// <summary>
    /// Writes <c>name.png</c>, <c>name.svg</c> and <c>name.csv</c> into a folder, which is made if it is missing. Each file appears whole
    /// or not at all; files of the same names are replaced.
    /// </summary>
    /// <param name="folder">The folder of the figures.</param>
    /// <param name="name">The name without ending: letters, digits, '-', '_' and '.', not starting with '.'.</param>
    /// <param name="figure">The figure.</param>
    /// <exception cref="ArgumentException">The name has other characters in it.</exception>
    /// <exception cref="FileWriteException">A file cannot be written.</exception>
    public static FigureFiles Write(string folder, string name, Figure figure)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(figure);
        if (name[0] == '.' || !name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.'))
            throw new ArgumentException($"A figure's name holds letters, digits, '-', '_' and '.' only; found '{name}'.", nameof(name));
        Directory.CreateDirectory(folder);
        string path = Path.Combine(folder, name);
        var files = new FigureFiles(path + ".png", path + ".svg", path + ".csv");
        AtomicFile.Write(files.Png, stream => stream.Write(figure.Png()));
        AtomicFile.Write(files.Svg, stream => stream.Write(figure.Svg()));
        AtomicFile.WriteText(files.Csv, figure.Csv);
        return files;
    }
}
