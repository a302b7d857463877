using System.Buffers.Binary;
using System.Xml.Linq;
using SkiaSharp;
using WeightMem.Evaluation.Figures;
using Xunit;

namespace WeightMem.Evaluation.Tests.Figures;

public sealed class FigureFilesTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("weightmem-figures-").FullName;

    public static TheoryData<string> Kinds => [.. SampleFigures.Names];

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Writes_a_png_of_doubled_size_that_is_not_blank(string kind)
    {
        Figure figure = SampleFigures.Of(kind);
        byte[] png = File.ReadAllBytes(FigureFiles.Write(folder, kind, figure).Png);

        Assert.Equal([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A], png[..8]);
        Assert.Equal(2 * figure.Width, BinaryPrimitives.ReadInt32BigEndian(png.AsSpan(16)));
        Assert.Equal(2 * figure.Height, BinaryPrimitives.ReadInt32BigEndian(png.AsSpan(20)));
        using SKBitmap bitmap = SKBitmap.Decode(png);
        Assert.True(bitmap.Pixels.Distinct().Count() > 20);
        Assert.Equal(SKColors.White, bitmap.GetPixel(0, 0));
        Assert.Equal(SKColors.White, bitmap.GetPixel(bitmap.Width - 1, bitmap.Height - 1));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Writes_an_svg_that_is_sound_scales_and_needs_no_font(string kind)
    {
        Figure figure = SampleFigures.Of(kind);
        XElement root = XDocument.Load(FigureFiles.Write(folder, kind, figure).Svg).Root!;

        Assert.Equal($"0 0 {figure.Width} {figure.Height}", root.Attribute("viewBox")?.Value);
        Assert.Equal(figure.Description, root.Element(root.Name.Namespace + "title")?.Value);
        Assert.DoesNotContain(root.Descendants(), element => element.Name.LocalName is "text" or "script");
        Assert.True(root.Descendants().Count(element => element.Name.LocalName == "path") > 5);
        Assert.All(root.Descendants().Attributes("d"), line => Assert.DoesNotContain("nan", line.Value, StringComparison.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Same_numbers_give_the_same_bytes(string kind)
    {
        Figure first = SampleFigures.Of(kind), second = SampleFigures.Of(kind);

        Assert.Equal(first.Png(), second.Png());
        Assert.Equal(first.Svg(), second.Svg());
        Assert.Equal(first.Csv, second.Csv);
    }

    [Theory]
    [InlineData("histogram", 3 * 15)]
    [InlineData("heatmap", 3 * 4 * 64)]
    [InlineData("boundary", SampleFigures.Resolution * SampleFigures.Resolution)]
    [InlineData("novelty", 150 + 40 + 100 + 3)]
    [InlineData("plane", 60 + 40 + 40)]
    [InlineData("gallery", 5)]
    [InlineData("loss", 902)]
    public void Csv_has_a_row_for_every_number(string kind, int rows)
    {
        string[] lines = File.ReadAllLines(FigureFiles.Write(folder, kind, SampleFigures.Of(kind)).Csv);

        Assert.Equal(rows + 1, lines.Length);
        int columns = lines[0].Split(',').Length;
        Assert.All(lines, line => Assert.Equal(columns, line.Split(',').Length));
    }

    [Theory]
    [InlineData("../escape")]
    [InlineData(".hidden")]
    [InlineData("a/b")]
    [InlineData("")]
    public void Refuses_names_that_leave_the_folder(string name) =>
        Assert.ThrowsAny<ArgumentException>(() => FigureFiles.Write(folder, name, SampleFigures.Of("loss")));

    [Fact]
    public void Leaves_nothing_behind_but_the_three_files()
    {
        FigureFiles.Write(folder, "loss", SampleFigures.Of("loss"));
        FigureFiles.Write(folder, "loss", SampleFigures.Of("loss"));

        Assert.Equal(["loss.csv", "loss.png", "loss.svg"], Directory.GetFiles(folder).Select(Path.GetFileName).Order());
    }

    [Fact]
    public void A_file_that_cannot_be_put_in_place_leaves_no_part_of_itself()
    {
        Directory.CreateDirectory(Path.Combine(folder, "loss.png", "a folder where the file should go"));

        Assert.ThrowsAny<Exception>(() => FigureFiles.Write(folder, "loss", SampleFigures.Of("loss")));
        Assert.Empty(Directory.GetFiles(folder));
    }
}
