namespace WeightMem.Evaluation.Studies;

/// <summary>How shapes are made of fields and compared (HyperDiffusion specification, sections 4 and 8).</summary>
public sealed record ShapeStudySettings
{
    /// <summary>Of the held-out shapes so many are for validation, the others for test. Both are held out alike.</summary>
    public int Validation { get; init; }

    /// <summary>Whether procedural airplanes have thin edges and a fine grid.</summary>
    public bool Fine { get; init; }

    /// <summary>Nodes each way of the grid that surfaces are extracted from.</summary>
    public int Nodes { get; init; } = 356;

    /// <summary>Logit of the surface: 1.386 (probability 0.8) as published, or 0.</summary>
    public double Level { get; init; } = 1.386;

    /// <summary>Points of a cloud.</summary>
    public int CloudPoints { get; init; } = 2048;

    /// <summary>Points of a cloud for the earth mover's distance.</summary>
    public int EarthMoverPoints { get; init; } = 128;

    /// <summary>Whether fields are evaluated on the published code's sheared grid: only to compare numbers with it.</summary>
    public bool ReferenceShear { get; init; }
}
