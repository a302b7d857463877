using WeightMem.Models.Shapes;

namespace WeightMem.Evaluation.Studies.Methods;

/// <summary>The shapes of a study by the name of its data.</summary>
internal static class ShapeSources
{
    /// <summary>The names.</summary>
    public static IReadOnlyList<string> Names { get; } = ["procedural-airplanes", "shapenet-airplanes"];

    /// <summary>Opens the shapes of a configuration; none is made yet.</summary>
    /// <exception cref="ArgumentException">The data have no such name, or a folder is needed and not given; the message says of what form.</exception>
    public static IShapeSource Open(StudyContext context)
    {
        (StudyConfig config, ShapeStudySettings shapes) = (context.Config, context.Config.Shapes ?? new ShapeStudySettings());
        switch (config.Data)
        {
            case "procedural-airplanes":
                return new ProceduralAirplanes(
                    config.Zoo.Seed, config.Zoo.Runs - config.HeldoutRuns, shapes.Validation, config.HeldoutRuns - shapes.Validation, shapes.Fine);
            case "shapenet-airplanes":
                return context.DataFolder is { } folder ? ShapeFolder.Open(folder) : throw new ArgumentException(
                    $"preset {config.Preset} of hyperdiffusion needs ShapeNet's airplanes, made watertight: give a folder with {ShapeFolder.Category}/ID.obj, "
                    + $"{ShapeFolder.Category}/{{train,val,test}}_split.lst and {ShapeFolder.Category}_{ShapeFolder.CloudPoints}_pc/ID.obj.npy by --data-folder; "
                    + "without them there is --data procedural-airplanes");
            default:
                throw new ArgumentException($"there are no shapes '{config.Data}'; there are {string.Join(", ", Names)}");
        }
    }
}
