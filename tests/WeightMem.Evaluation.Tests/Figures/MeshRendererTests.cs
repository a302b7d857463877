using SkiaSharp;
using WeightMem.Evaluation.Figures;
using WeightMem.Formats.Meshes;
using Xunit;

namespace WeightMem.Evaluation.Tests.Figures;

public sealed class MeshRendererTests
{
    private static readonly SKColor Grey = SKColor.Parse("#d3d3d3");

    [Fact]
    public void A_cube_fills_the_middle_is_lit_from_above_and_has_smooth_edges()
    {
        byte[] pixels = MeshRenderer.Draw(Cube(), 64, new MeshView(38, 28), Grey);
        Assert.Equal(255, pixels[4 * (32 * 64 + 32) + 3]);
        Assert.Equal(0, pixels[3]);
        Assert.Contains(Enumerable.Range(0, 64 * 64), i => pixels[4 * i + 3] is > 0 and < 255);
        int top = Brightness(pixels, 64, 32, 16), bottom = Brightness(pixels, 64, 32, 56);
        Assert.True(top > bottom, $"{top} above, {bottom} below");
        Assert.Equal(pixels, MeshRenderer.Draw(Cube(), 64, new MeshView(38, 28), Grey));
    }

    [Fact]
    public void What_is_near_hides_what_is_far()
    {
        // Two triangles that face the viewer at yaw 0, who looks from -z: the near one is at z = -1.
        var mesh = new MeshData([-1, -1, -1, 0, 1, -1, 1, -1, -1, -3, -3, 1, 0, 3, 1, 3, -3, 1], [0, 1, 2, 3, 4, 5]);
        (double _, double _, double near) = new MeshView(0, 0).Turn(0, 0, -1);
        (double _, double _, double far) = new MeshView(0, 0).Turn(0, 0, 1);
        Assert.True(near > far);
        Assert.Equal(255, MeshRenderer.Draw(mesh, 32, new MeshView(0, 0), Grey)[4 * (16 * 32 + 16) + 3]);
    }

    [Fact]
    public void A_view_turns_without_mirroring()
    {
        var view = new MeshView(25, 40);
        double[][] turned = [.. new[] { (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0) }.Select(p => view.Turn(p.Item1, p.Item2, p.Item3)).Select(p => new[] { p.X, p.Y, p.Z })];
        double determinant = turned[0][0] * (turned[1][1] * turned[2][2] - turned[1][2] * turned[2][1]) - turned[0][1] * (turned[1][0] * turned[2][2] - turned[1][2] * turned[2][0])
            + turned[0][2] * (turned[1][0] * turned[2][1] - turned[1][1] * turned[2][0]);
        Assert.Equal(1, determinant, 1e-12);
    }

    [Fact]
    public void A_panel_says_which_shapes_are_empty_and_lists_all()
    {
        Figure figure = ShapePanelFigure.Draw(
            ["generated", "nearest"], [[new ShapeCell(Cube(), ShapeRole.Generated, "one"), new ShapeCell(new MeshData([], []), ShapeRole.Training, "none")]], "Two shapes.");
        string[] lines = figure.Csv.TrimEnd().Split('\n');
        Assert.Equal("row,column,heading,role,note,vertices,triangles", lines[0]);
        Assert.Equal(["0,0,generated,Generated,one,8,12", "0,1,nearest,Training,none,0,0"], lines[1..]);
        Assert.True(figure.Png(1).Length > 1000);
        Assert.Throws<ArgumentException>(() => ShapePanelFigure.Draw(["a"], [[null, null]], ""));
    }

    private static int Brightness(byte[] pixels, int size, int x, int y) => pixels[4 * (y * size + x)];

    private static MeshData Cube() => new(
        [-1, -1, -1, 1, -1, -1, 1, 1, -1, -1, 1, -1, -1, -1, 1, 1, -1, 1, 1, 1, 1, -1, 1, 1],
        [0, 2, 1, 0, 3, 2, 4, 5, 6, 4, 6, 7, 0, 1, 5, 0, 5, 4, 3, 7, 6, 3, 6, 2, 0, 4, 7, 0, 7, 3, 1, 2, 6, 1, 6, 5]);
}
