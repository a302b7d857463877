namespace WeightMem.Models.Shapes;

/// <summary>
/// A solid given by a function: inside where it is negative. The sign is exact, the magnitude only roughly a distance (HyperDiffusion specification,
/// section 7.1; x is the span, y up, z from the nose at -0.5 to the tail at +0.5).
/// </summary>
internal interface ISolid
{
    /// <summary>A box that holds every point inside.</summary>
    ShapeBox Bounds { get; }

    /// <summary>The function's value; negative inside.</summary>
    double At(double x, double y, double z);
}

/// <summary>A body of superelliptic sections from nose to tail.</summary>
internal sealed record Fuselage(
    double Radius, double Aspect, double Power, double Nose, double NosePower, double Tail, double TailRadius, double TailPower, double TailRise, double NoseDrop) : ISolid
{
    public ShapeBox Bounds
    {
        get
        {
            double high = Radius * Math.Max(0, TailRise) + Radius * Aspect, low = -Radius * Math.Max(0, NoseDrop) - Radius * Aspect;
            return ShapeBox.Mirrored(Radius, low, high, -0.5, 0.5);
        }
    }

    public double At(double x, double y, double z)
    {
        double u = Math.Clamp(z + 0.5, 0, 1), rho = Radius, centre = 0;
        if (u < Nose)
        {
            double a = 1 - u / Nose;
            rho = Radius * Math.Pow(1 - a * a, NosePower);
            centre = -NoseDrop * Radius * a * a;
        }
        else if (u > 1 - Tail)
        {
            double s = (u - 1 + Tail) / Tail;
            rho = Radius * (1 - (1 - TailRadius) * Math.Pow(s, TailPower));
            centre = TailRise * Radius * s * s;
        }

        double section = Math.Pow(Math.Pow(Math.Abs(x), Power) + Math.Pow(Math.Abs(y - centre) / Aspect, Power), 1 / Power);
        return Math.Max(section - rho, Math.Abs(z) - 0.5);
    }
}

/// <summary>A wing, fin, tailplane, canard or winglet with a NACA four-digit thickness. Angles are given by their tangents.</summary>
internal sealed record LiftingSurface(
    bool Vertical, double RootX, double RootY, double RootZ, double Span, double RootChord, double Taper, double TanSweep, double TanDihedral, double Thickness,
    double Edge) : ISolid
{
    public ShapeBox Bounds
    {
        get
        {
            // The thickness function is at most 0.1001, at 30 % of the chord.
            double half = 0.501 * Thickness * RootChord + Edge, tilt = Span * TanDihedral, back = Span * TanSweep;
            double front = Math.Min(RootZ, RootZ + back), rear = Math.Max(RootZ + RootChord, RootZ + back + RootChord * Taper);
            return Vertical
                ? ShapeBox.Mirrored(Math.Max(RootX, RootX + tilt) + half, RootY, RootY + Span, front, rear)
                : ShapeBox.Mirrored(RootX + Span, RootY + Math.Min(0, tilt) - half, RootY + Math.Max(0, tilt) + half, front, rear);
        }
    }

    public double LeadingEdge(double along) => RootZ + along * TanSweep;

    public double Height(double along) => RootY + along * TanDihedral;

    public double Chord(double along) => RootChord * (1 - (1 - Taper) * along / Span);

    public double At(double x, double y, double z)
    {
        double along = Vertical ? y - RootY : Math.Abs(x) - RootX, within = Math.Clamp(along, 0, Span);
        double across = Vertical
            ? (RootX > 0 ? Math.Abs(x) : x) - (RootX + within * TanDihedral)
            : y - (RootY + within * TanDihedral);
        double chord = Chord(within), behind = z - LeadingEdge(within), s = Math.Clamp(behind / chord, 0, 1);
        double half = 5 * Thickness * chord * (0.2969 * Math.Sqrt(s) - s * (0.1260 + s * (0.3516 - s * (0.2843 - 0.1036 * s)))) + Edge;
        return Math.Max(Math.Max(Math.Abs(across) - half, Math.Max(-along, along - Span)), Math.Max(-behind, behind - chord));
    }
}

/// <summary>A pair of engine nacelles or stores; a hollow one has an intake.</summary>
internal sealed record Nacelle(double X, double Y, double Z, double Radius, double Length, bool Hollow) : ISolid
{
    public ShapeBox Bounds => ShapeBox.Mirrored(X + Radius, Y - Radius, Y + Radius, Z - Length / 2, Z + Length / 2);

    public double At(double x, double y, double z)
    {
        double dx = Math.Abs(x) - X, dy = y - Y, r = Math.Sqrt(dx * dx + dy * dy);
        double v = Math.Clamp((z - Z) / Length + 0.5, 0, 1), g = Math.Max(0, (v - 0.6) / 0.4);
        double f = Math.Max(r - Radius * (1 - 0.35 * g * g), Math.Abs(z - Z) - Length / 2);
        return Hollow ? Math.Max(f, -Math.Max(r - 0.72 * Radius, z - (Z - 0.2 * Length))) : f;
    }
}

/// <summary>A pair of boxes that hold nacelles: |x| and y and z in ranges.</summary>
internal sealed record Pylon(double MinX, double MaxX, double MinY, double MaxY, double Z, double HalfLength) : ISolid
{
    public ShapeBox Bounds => ShapeBox.Mirrored(MaxX, MinY, MaxY, Z - HalfLength, Z + HalfLength);

    public double At(double x, double y, double z)
    {
        double across = Math.Abs(x);
        return Math.Max(Math.Max(Math.Max(MinX - across, across - MaxX), Math.Max(MinY - y, y - MaxY)), Math.Abs(z - Z) - HalfLength);
    }
}

/// <summary>A canopy or a belly fairing, on the plane of symmetry.</summary>
internal sealed record Ellipsoid(double Y, double Z, double HalfX, double HalfY, double HalfZ) : ISolid
{
    public ShapeBox Bounds => ShapeBox.Mirrored(HalfX, Y - HalfY, Y + HalfY, Z - HalfZ, Z + HalfZ);

    public double At(double x, double y, double z)
    {
        double a = x / HalfX, b = (y - Y) / HalfY, c = (z - Z) / HalfZ;
        return (Math.Sqrt(a * a + b * b + c * c) - 1) * Math.Min(HalfX, Math.Min(HalfY, HalfZ));
    }
}

/// <summary>A propeller, or a mirrored pair of them when <paramref name="X"/> is positive; blades are flat bars from the hub.</summary>
internal sealed record Propeller(double X, double Y, double Z, double Radius, int Blades, double Phase, double Edge) : ISolid
{
    private double HalfWidth => Math.Max(0.011, 1.4 * Edge);

    private double HalfDepth => Math.Max(0.006, Edge);

    public ShapeBox Bounds
    {
        get
        {
            double reach = Radius + HalfWidth;
            return ShapeBox.Mirrored(X + reach, Y - reach, Y + reach, Z - HalfDepth, Z + HalfDepth);
        }
    }

    public double At(double x, double y, double z)
    {
        double dx = (X > 0 ? Math.Abs(x) : x) - X, dy = y - Y, depth = Math.Abs(z - Z) - HalfDepth, nearest = double.PositiveInfinity;
        for (int blade = 0; blade < Blades; blade++)
        {
            (double sine, double cosine) = Math.SinCos(Phase + 2 * Math.PI * blade / Blades);
            double s = dx * cosine + dy * sine, w = -dx * sine + dy * cosine;
            nearest = Math.Min(nearest, Math.Max(Math.Max(-s, s - Radius), Math.Max(Math.Abs(w) - HalfWidth, depth)));
        }

        return nearest;
    }
}
