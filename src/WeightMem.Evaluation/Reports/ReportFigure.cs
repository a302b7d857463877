using System.Globalization;
using System.Xml;
using System.Xml.Linq;
using WeightMem.Evaluation.Figures;
using WeightMem.Formats;

namespace WeightMem.Evaluation.Reports;

/// <summary>Where a figure stands on the page.</summary>
public enum ReportSection
{
    /// <summary>Distances to the training networks.</summary>
    Distances,

    /// <summary>Whether networks are made of training networks.</summary>
    Mixtures,

    /// <summary>Performance beside novelty.</summary>
    Performance,

    /// <summary>What the networks do.</summary>
    Function,

    /// <summary>Everything else.</summary>
    Figures,
}

/// <summary>A figure of the page: its picture inside the page, its words, and links to its files.</summary>
public sealed record ReportFigure
{
    // Above this size an SVG makes the page slower to open than the same picture as PNG.
    private const int LargestSvg = 600_000;

    private ReportFigure(string heading, string caption, string address, int width, int height, string description, string? files, ReportSection section)
    {
        Section = section;
        Heading = heading;
        Caption = caption;
        Picture = address;
        Width = width;
        Height = height;
        Description = description;
        Files = files;
    }

    /// <summary>Where it stands.</summary>
    public ReportSection Section { get; }

    /// <summary>A short name, such as <c>Distance to the nearest training network</c>.</summary>
    public string Heading { get; }

    /// <summary>What the reader must see, in plain sentences.</summary>
    public string Caption { get; }

    /// <summary>The picture as a data address.</summary>
    internal string Picture { get; }

    /// <summary>Width in CSS pixels.</summary>
    internal int Width { get; }

    /// <summary>Height in CSS pixels.</summary>
    internal int Height { get; }

    /// <summary>What the picture shows, for readers who cannot see it.</summary>
    internal string Description { get; }

    /// <summary>Path of the figure's files relative to the page, without their endings; null for no links.</summary>
    internal string? Files { get; }

    /// <summary>A figure just drawn.</summary>
    /// <param name="heading">A short name.</param>
    /// <param name="caption">What the reader must see.</param>
    /// <param name="figure">The figure.</param>
    /// <param name="files">Its files relative to the page, without endings, such as <c>figures/heatmap</c>; null for no links.</param>
    /// <param name="section">Where it stands on the page.</param>
    public static ReportFigure Of(string heading, string caption, Figure figure, string? files = null, ReportSection section = ReportSection.Figures)
    {
        ArgumentNullException.ThrowIfNull(figure);
        byte[] svg = figure.Svg();
        return new ReportFigure(heading, caption, Address(svg, figure.Png), figure.Width, figure.Height, figure.Description, files, section);
    }

    /// <summary>A figure just drawn, written as PNG, SVG and CSV into <c>figures/</c> beside the page.</summary>
    /// <exception cref="FileWriteException">The files cannot be written.</exception>
    internal static ReportFigure Write(string pageFolder, string name, string heading, string caption, Figure figure, ReportSection section = ReportSection.Figures)
    {
        FigureFiles.Write(Path.Combine(pageFolder, "figures"), name, figure);
        return Of(heading, caption, figure, $"figures/{name}", section);
    }

    /// <summary>A figure that <see cref="FigureFiles.Write"/> wrote before.</summary>
    /// <param name="heading">A short name.</param>
    /// <param name="caption">What the reader must see.</param>
    /// <param name="pageFolder">The folder of the page.</param>
    /// <param name="files">Where the files lie relative to that folder, without endings.</param>
    /// <param name="section">Where it stands on the page.</param>
    /// <exception cref="FormatException">The SVG is not one that this program wrote.</exception>
    /// <exception cref="IOException">A file is missing or cannot be read.</exception>
    public static ReportFigure Load(string heading, string caption, string pageFolder, string files, ReportSection section = ReportSection.Figures)
    {
        string path = Path.Combine(pageFolder, files + ".svg");
        byte[] svg = File.ReadAllBytes(path);
        try
        {
            XElement root = XDocument.Load(new MemoryStream(svg)).Root!;
            string[] box = root.Attribute("viewBox")?.Value.Split(' ') ?? [];
            string? description = root.Element(root.Name.Namespace + "title")?.Value;
            if (box.Length != 4 || description is null || !int.TryParse(box[2], CultureInfo.InvariantCulture, out int width) ||
                !int.TryParse(box[3], CultureInfo.InvariantCulture, out int height))
                throw new FormatException($"{path}: expected a figure with view box and title, found another SVG.");
            return new ReportFigure(heading, caption, Address(svg, _ => File.ReadAllBytes(Path.Combine(pageFolder, files + ".png"))),
                width, height, description, files, section);
        }
        catch (XmlException error)
        {
            throw new FormatException($"{path}: expected an SVG picture, found something else: {error.Message}", error);
        }
    }

    private static string Address(byte[] svg, Func<int, byte[]> png) => svg.Length <= LargestSvg
        ? "data:image/svg+xml;base64," + Convert.ToBase64String(svg)
        : "data:image/png;base64," + Convert.ToBase64String(png(2));
}
