using WeightMem.Engine.Random;

namespace WeightMem.Models.Shapes;

/// <summary>
/// Draws airplanes from the ranges of the HyperDiffusion specification, section 7.2. Every number has a stream of its own, named after it, so airplane i of a seed
/// does not depend on the others, nor a number on those drawn before it.
/// </summary>
/// <param name="seed">Seed of the set.</param>
/// <param name="edge">Least half thickness of wings: 0.003, or 0.008 for coarse grids.</param>
public sealed class AirplaneGenerator(long seed, double edge)
{
    private static readonly double[] Shares = [0.40, 0.15, 0.23, 0.15, 0.07];

    private static readonly Dictionary<string, (double Low, double High)[]> Ranges = new()
    {
        ["R"] = [(.046, .066), (.045, .062), (.040, .062), (.055, .080), (.034, .048)],
        ["n"] = [(.10, .18), (.12, .20), (.28, .45), (.15, .28), (.15, .25)],
        ["en"] = [(.45, .60), (.50, .65), (.60, .95), (.40, .60), (.45, .60)],
        ["t"] = [(.25, .38), (.25, .35), (.15, .30), (.40, .60), (.45, .65)],
        ["rt"] = [(.12, .30), (.20, .40), (.45, .80), (.12, .30), (.12, .25)],
        ["k"] = [(.3, .7), (.2, .5), (0, .15), (.1, .5), (.1, .5)],
        ["wing.b"] = [(.40, .58), (.36, .50), (.24, .40), (.50, .72), (.62, .85)],
        ["wing.c"] = [(.17, .27), (.16, .24), (.32, .50), (.15, .22), (.09, .13)],
        ["wing.taper"] = [(.22, .42), (.25, .50), (.10, .35), (.55, 1.0), (.35, .60)],
        ["wing.sweep"] = [(18, 38), (8, 35), (38, 58), (-2, 8), (-1, 4)],
        ["wing.dihedral"] = [(2, 7), (0, 5), (-4, 2), (1, 6), (1, 5)],
        ["wing.u"] = [(.30, .40), (.38, .48), (.34, .50), (.24, .34), (.28, .36)],
        ["fin.b"] = [(.13, .19), (.12, .17), (.12, .19), (.10, .16), (.10, .15)],
        ["fin.c"] = [(.13, .20), (.13, .19), (.16, .26), (.11, .17), (.08, .12)],
        ["fin.sweep"] = [(30, 45), (30, 45), (38, 52), (10, 35), (5, 25)],
        ["tail.b"] = [(.15, .22), (.14, .20), (.13, .22), (.17, .25), (.17, .24)],
        ["tail.c"] = [(.09, .14), (.09, .13), (.11, .18), (.09, .14), (.06, .09)],
    };

    private static readonly double[] HighWing = [.12, 0, 0, .6, .6], TTail = [.1, 1, 0, 0, .7];

    /// <summary>The airplane of an index.</summary>
    public Airplane Make(int index) => new Draft(new RandomStream(seed, "airplane").Sub("shape", index), edge).Finish(Airplane.IdOf(seed, index));

    /// <summary>One airplane while its numbers are drawn.</summary>
    private sealed class Draft
    {
        private readonly RandomStream _stream;
        private readonly double _edge;
        private readonly List<KeyValuePair<string, double>> _parameters = [];
        private readonly List<ISolid> _parts = [];
        private readonly AirplaneKind _kind;
        private readonly double _radius, _aspect, _nose, _tailLength, _rise, _drop;

        public Draft(RandomStream stream, double edge)
        {
            (_stream, _edge) = (stream, edge);
            _kind = Kind();
            (_radius, _nose, _tailLength, _rise) = (Of("R"), Of("n"), Of("t"), Of("k"));
            (_aspect, _drop) = (U("asp", .92, 1.18), U("drop", 0, .35));
            _parts.Add(new Fuselage(_radius, _aspect, U("q", 2, 2.6), _nose, Of("en"), _tailLength, Of("rt"), U("pt", 1.3, 2.0), _rise, _drop));
            bool high = Chance("wing.high", HighWing[(int)_kind]);
            LiftingSurface wing = Wing(high), fin = Fin();
            bool delta = _kind == AirplaneKind.Fighter && Chance("delta", .35);
            if (!delta) Tailplane(wing, fin);
            if (_kind == AirplaneKind.Fighter && Chance("canard", delta ? .6 : .15)) Canard(wing);
            if (_kind == AirplaneKind.Airliner && Chance("winglets", .5)) Winglets(wing);
            Engines(wing);
            Bulges(wing, high);
        }

        public Airplane Finish(string id) => new(id, _kind, _parameters, _parts);

        private AirplaneKind Kind()
        {
            double u = U("kind", 0, 1);
            for (int kind = 0; kind < Shares.Length - 1; kind++)
            {
                if (u < Shares[kind]) return (AirplaneKind)kind;
                u -= Shares[kind];
            }

            return AirplaneKind.Glider;
        }

        private LiftingSurface Wing(bool high)
        {
            double height = high ? _radius * _aspect * U("wing.y", .6, .9)
                : _kind == AirplaneKind.Fighter ? _radius * U("wing.y", -.3, .4)
                : -_radius * _aspect * U("wing.y", .4, .75);
            double dihedral = Of("wing.dihedral"), thickness = U("wing.thickness", .10, .15) * (_kind == AirplaneKind.Fighter ? .55 : 1);
            if (high && _kind == AirplaneKind.Airliner) dihedral = -dihedral / 2;
            return Surface(false, 0, height, Of("wing.u") - .5, Of("wing.b"), Of("wing.c"), Of("wing.taper"), Of("wing.sweep"), dihedral, thickness);
        }

        private LiftingSurface Fin()
        {
            double span = Of("fin.b"), chord = Of("fin.c"), z = .5 - chord - U("fin.z", 0, .04);
            double taper = U("fin.taper", .3, .6), sweep = Of("fin.sweep"), thickness = U("fin.thickness", .09, .12);
            return _kind == AirplaneKind.Fighter && Chance("fin.twin", .4)
                ? Surface(true, _radius * U("fin.x", .5, .9), 0, z, span + .6 * _radius, chord, taper, sweep, U("fin.cant", 0, 22), thickness)
                : Surface(true, 0, _rise * _radius / 2, z, span + _radius / 2, chord, taper, sweep, 0, thickness);
        }

        private void Tailplane(LiftingSurface wing, LiftingSurface fin)
        {
            double taper = U("tail.taper", .35, .7), span = Of("tail.b"), chord = Of("tail.c");
            double sweep = .8 * double.RadiansToDegrees(Math.Atan(wing.TanSweep)) + U("tail.sweep", 0, 10);
            if (Chance("tail.t", TTail[(int)_kind]))
                Surface(false, 0, fin.RootY + fin.Span - .004, fin.LeadingEdge(fin.Span) + .15 * fin.Chord(fin.Span), span, chord, taper, sweep, 0, .10);
            else
                Surface(false, 0, .8 * _rise * _radius, .5 - chord - U("tail.z", 0, .05), span, chord, taper, sweep, U("tail.dihedral", -2, 6), .10);
        }

        private void Canard(LiftingSurface wing) => Surface(
            false, 0, wing.RootY + _radius / 2, wing.RootZ - .5 * wing.RootChord * U("canard.z", .5, .7), U("canard.b", .10, .16), U("canard.c", .08, .12), .4,
            U("canard.sweep", 35, 50), 0, .08);

        private void Winglets(LiftingSurface wing)
        {
            double tip = wing.Span, chord = wing.Chord(tip);
            Surface(
                true, tip - .004, wing.Height(tip) - .002, wing.LeadingEdge(tip) + .25 * chord, U("winglet.b", .025, .06), .75 * chord, .5, 35,
                U("winglet.cant", 5, 20), .12);
        }

        private void Engines(LiftingSurface wing)
        {
            switch (_kind)
            {
                case AirplaneKind.Airliner:
                    double radius = U("engine.r", .020, .031), ratio = U("engine.length", 3.2, 4.6);
                    UnderWing("engine", wing, U("engine.at", .28, .38), radius, ratio * radius, true);
                    if (!Chance("engine.four", .3)) break;
                    double outer = radius * U("engine2.r", .8, 1);
                    UnderWing("engine2", wing, U("engine2.at", .58, .70), outer, ratio * outer, true);
                    break;
                case AirplaneKind.RearEngine:
                    double re = U("engine.r", .020, .030), length = re * U("engine.length", 4, 5.5), half = Math.Max(.25 * re, PylonHalfWidth);
                    double x = _radius + re * U("engine.x", 1.15, 1.5), y = _radius * U("engine.y", .2, .6), z = .5 - _tailLength * U("engine.z", .6, .95);
                    _parts.Add(new Nacelle(x, y, z, re, length, true));
                    _parts.Add(new Pylon(0, x, y - half, y + half, z, .3 * length));
                    break;
                case AirplaneKind.Fighter:
                    if (Chance("ducts", .55))
                    {
                        double duct = _radius * U("duct.r", .5, .7), ductLength = U("duct.length", .35, .55);
                        _parts.Add(new Nacelle(
                            _radius * U("duct.x", .7, 1.05), -_radius * U("duct.y", 0, .4), .5 - ductLength / 2 + U("duct.z", -.03, .02), duct, ductLength, true));
                    }

                    if (Chance("stores", .4)) UnderWing("store", wing, U("store.at", .5, .8), .011, .14, false);
                    break;
                case AirplaneKind.PropellerPlane:
                    Propellers(wing);
                    break;
            }
        }

        private void Propellers(LiftingSurface wing)
        {
            bool twin = Chance("twin", .35);
            double blade = U("propeller.r", .09, .13), phase = U("propeller.phase", 0, Math.PI);
            int blades = 2 + (int)U("propeller.blades", 0, 3);
            if (!twin)
            {
                _parts.Add(new Propeller(0, -.8 * _drop * _radius, -.48, blade, blades, phase, _edge));
                return;
            }

            double at = U("engine.at", .25, .36) * wing.Span, radius = U("engine.r", .022, .032), length = U("engine.length", .16, .24);
            var nacelle = new Nacelle(at, wing.Height(at), wing.LeadingEdge(at) + .1 * length, radius, length, false);
            _parts.Add(nacelle);
            _parts.Add(new Propeller(at, nacelle.Y, nacelle.Z - length / 2, .85 * blade, blades, phase, _edge));
        }

        private void UnderWing(string name, LiftingSurface wing, double share, double radius, double length, bool hollow)
        {
            double x = share * wing.Span, top = wing.Height(x), y = top - radius * U(name + ".y", 1.15, 1.5);
            double z = wing.LeadingEdge(x) + length * U(name + ".z", -.15, .15);
            _parts.Add(new Nacelle(x, y, z, radius, length, hollow));
            _parts.Add(new Pylon(x - PylonHalfWidth, x + PylonHalfWidth, y, top, z + .15 * length, .4 * length));
        }

        private void Bulges(LiftingSurface wing, bool high)
        {
            if (_kind == AirplaneKind.Fighter && Chance("canopy", .85))
            {
                _parts.Add(new Ellipsoid(
                    .75 * _radius * _aspect, -.5 + _nose * U("canopy.z", .75, 1), .55 * _radius, _radius * U("canopy.height", .5, .8), U("canopy.length", .07, .12)));
            }
            else if (_kind == AirplaneKind.PropellerPlane)
            {
                _parts.Add(new Ellipsoid(
                    .7 * _radius * _aspect, -.5 + U("canopy.z", .26, .34), .8 * _radius, _radius * U("canopy.height", .5, .8), U("canopy.length", .10, .16)));
            }
            else if (_kind is AirplaneKind.Airliner or AirplaneKind.RearEngine && !high && Chance("fairing", .6))
            {
                _parts.Add(new Ellipsoid(wing.RootY, wing.RootZ + .55 * wing.RootChord, 1.1 * _radius, .45 * _radius, .75 * wing.RootChord));
            }
        }

        private double PylonHalfWidth => Math.Max(0.0045, _edge);

        private LiftingSurface Surface(
            bool vertical, double x, double y, double z, double span, double chord, double taper, double sweep, double dihedral, double thickness)
        {
            var surface = new LiftingSurface(
                vertical, x, y, z, span, chord, taper, Math.Tan(double.DegreesToRadians(sweep)), Math.Tan(double.DegreesToRadians(dihedral)), thickness, _edge);
            _parts.Add(surface);
            return surface;
        }

        private double Of(string name)
        {
            (double low, double high) = Ranges[name][(int)_kind];
            return U(name, low, high);
        }

        private double U(string name, double low, double high)
        {
            double value = low + (high - low) * _stream.Sub(name).Double(0);
            _parameters.Add(new(name, value));
            return value;
        }

        private bool Chance(string name, double probability)
        {
            bool happens = _stream.Sub(name).Double(0) < probability;
            _parameters.Add(new(name, happens ? 1 : 0));
            return happens;
        }
    }
}
