using WeightMem.Formats;
using WeightMem.Formats.Meshes;
using WeightMem.Formats.Numpy;
using WeightMem.Formats.Splits;
using WeightMem.Models.Populations;
using WeightMem.Models.Shapes;
using WeightMem.Models.Targets;
using Xunit;

namespace WeightMem.Models.Tests.Shapes;

public sealed class ShapeFolderTests
{
    [Fact]
    public void Airplanes_written_in_shapenets_form_read_back_as_the_same_shapes()
    {
        using var folder = new TemporaryFolder();
        var made = new ProceduralAirplanes(1, 2, 1, 1, fine: false);
        ShapeFolder.Write(folder.Path, made, null, TestContext.Current.CancellationToken);
        ShapeFolder read = ShapeFolder.Open(folder.Path);
        Assert.Equal(made.Training, read.Training);
        Assert.Equal(made.Test, read.Test);
        Assert.Empty(read.Check());
        string id = made.Training[0];
        Shape3D a = made.Load(id), b = read.Load(id);
        Assert.Equal(a.Mesh.Triangles, b.Mesh.Triangles);
        FieldSamples samples = FieldSamples.Draw(a, 1500, 500, new(4, "samples"));
        int differ = Enumerable.Range(0, samples.Count).Count(i =>
            b.IsInside(samples.Points[3 * i], samples.Points[3 * i + 1], samples.Points[3 * i + 2]) != samples.Inside[i] > 0.5f);
        Assert.InRange(differ, 0, 60); // points between the function's surface and the mesh's
        Assert.Equal(made.Cloud(id, ShapeFolder.CloudPoints), read.Cloud(id, ShapeFolder.CloudPoints));
        Assert.Equal(3 * 100, read.Cloud(id, 100).Length);
        Assert.StartsWith("id,kind,", File.ReadLines(folder["parameters.csv"]).First(), StringComparison.Ordinal);
        Assert.Equal(5, File.ReadLines(folder["parameters.csv"]).Count());
    }

    [Fact]
    public void A_folder_of_airplanes_takes_more_of_the_same_and_no_others()
    {
        using var folder = new TemporaryFolder();
        ShapeFolder.Write(folder.Path, new ProceduralAirplanes(1, 1, 0, 0, fine: false), null, TestContext.Current.CancellationToken);
        string[] first = Directory.GetFiles(folder[ShapeFolder.Category], "*.obj");
        foreach ((long seed, bool fine) in new[] { (1L, true), (2L, false) })
        {
            var others = new ProceduralAirplanes(seed, 1, 0, 0, fine);
            string said = Assert.Throws<FileWriteException>(() => ShapeFolder.Write(folder.Path, others, null, TestContext.Current.CancellationToken)).Message;
            Assert.Contains(others.Making, said, StringComparison.Ordinal);
        }

        Assert.Equal(first, Directory.GetFiles(folder[ShapeFolder.Category], "*.obj"));
        ShapeFolder.Write(folder.Path, new ProceduralAirplanes(1, 1, 0, 1, fine: false), null, TestContext.Current.CancellationToken);
        Assert.Equal(2, Directory.GetFiles(folder[ShapeFolder.Category], "*.obj").Length);
    }

    [Fact]
    public void Off_meshes_float_clouds_and_a_blacklist_are_taken_and_a_hole_is_reported()
    {
        using var folder = new TemporaryFolder();
        string meshes = Directory.CreateDirectory(folder[ShapeFolder.Category]).FullName, clouds = Directory.CreateDirectory(folder["02691156_2048_pc"]).FullName;
        MeshData airplane = AirplaneMesh.Extract(new AirplaneGenerator(0, 0.008).Make(1), 0.03);
        OffFile.Write(Path.Combine(meshes, "good.off"), airplane);
        ObjFile.Write(Path.Combine(meshes, "hole.obj"), new MeshData(airplane.Vertices, airplane.Triangles[..^3]));
        NpyFile.Write(Path.Combine(clouds, "good.obj.npy"), NamedArray.Of("", new float[] { 1, 2, 3, 4, 5, 6 }, 2, 3));
        File.WriteAllText(Path.Combine(meshes, "train_split.lst"), "good.obj\nhole.obj\nbad.obj");
        SplitFile.Write(Path.Combine(meshes, "val_split.lst"), []);
        SplitFile.Write(Path.Combine(meshes, "test_split.lst"), []);
        File.WriteAllText(folder["plane_problematic_shapes.txt"], "bad");
        ShapeFolder read = ShapeFolder.Open(folder.Path);
        Assert.Equal(["good", "hole"], read.Training);
        Assert.Equal([1, 2, 3, 4, 5, 6], read.Cloud("good", 2));
        Assert.Contains("hole.obj", Assert.Single(read.Check()), StringComparison.Ordinal);
        Assert.Contains("not watertight", Assert.Throws<FileFormatException>(() => read.Load("hole")).Message, StringComparison.Ordinal);
        Assert.Contains("[2, 3]", Assert.Throws<FileFormatException>(() => read.Cloud("good", 3)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_shape_in_two_lists_is_refused()
    {
        using var folder = new TemporaryFolder();
        string meshes = Directory.CreateDirectory(folder[ShapeFolder.Category]).FullName;
        foreach (string list in new[] { "train", "val", "test" }) SplitFile.Write(Path.Combine(meshes, list + "_split.lst"), ["same"]);
        Assert.Throws<FileFormatException>(() => ShapeFolder.Open(folder.Path));
    }

    [Fact]
    public void Fields_written_as_state_dicts_read_back_and_others_are_refused()
    {
        using var folder = new TemporaryFolder();
        var target = new FieldTarget(2, 8);
        var fields = new Population(target.Name, target.Layout, [.. FieldTargetTests.Row(target, 1), .. FieldTargetTests.Row(target, 2), .. FieldTargetTests.Row(target, 3)]);
        FieldWeightFolder.Write(folder.Path, fields, ["c", "a", "b"]);
        Population read = FieldWeightFolder.Read(folder.Path, target, ["a", "c"]);
        Assert.Equal("a,c", read.Provenance["shapes"]);
        Assert.Equal(fields.Row(1).ToArray(), read.Row(0).ToArray());
        Assert.Equal(fields.Row(0).ToArray(), read.Row(1).ToArray());
        Assert.Throws<FileFormatException>(() => FieldWeightFolder.Read(folder.Path, new FieldTarget(2, 9)));
        Assert.Throws<FileFormatException>(() => FieldWeightFolder.Read(folder.Path, target, ["z"]));
    }
}
