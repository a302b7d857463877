namespace WeightMem.Evaluation.Figures;

/// <summary>Where a mesh is looked at from. y is up; at yaw 0 the nose (-z) points at the viewer.</summary>
/// <param name="Yaw">Turn about the vertical axis, degrees.</param>
/// <param name="Pitch">How far above the horizon the viewer is, degrees.</param>
public readonly record struct MeshView(double Yaw, double Pitch)
{
    /// <summary>From the front, the left and above.</summary>
    public static MeshView ThreeQuarter { get; } = new(38, 28);

    /// <summary>A point as the viewer sees it: x to the right, y up, z towards the viewer.</summary>
    public (double X, double Y, double Z) Turn(double x, double y, double z)
    {
        (double sineYaw, double cosineYaw) = Math.SinCos(double.DegreesToRadians(Yaw));
        (double sinePitch, double cosinePitch) = Math.SinCos(double.DegreesToRadians(Pitch));
        double across = -(x * cosineYaw + z * sineYaw), towards = x * sineYaw - z * cosineYaw;
        return (across, y * cosinePitch - towards * sinePitch, y * sinePitch + towards * cosinePitch);
    }
}
