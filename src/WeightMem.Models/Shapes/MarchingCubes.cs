using System.Numerics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using WeightMem.Formats.Meshes;

namespace WeightMem.Models.Shapes;

/// <summary>
/// The surface where values on a grid cross a level (Lorensen and Cline 1987), with linear interpolation along edges. Vertices are shared by all triangles of an
/// edge and normals point from inside (above the level) to outside. The mesh is closed except where it meets the grid's border.
/// </summary>
public static class MarchingCubes
{
    /// <summary>Extracts the surface.</summary>
    /// <param name="values">A value per node, <c>[x, y, z]</c>, finite.</param>
    /// <param name="grid">Where the nodes are.</param>
    /// <param name="level">Nodes above it are inside.</param>
    /// <returns>The mesh, in the grid's coordinates; empty when no node or every node is inside.</returns>
    /// <exception cref="ArgumentException">The values do not fill the grid, or one that the surface passes is not finite.</exception>
    public static MeshData Extract(ReadOnlySpan<float> values, SampleGrid grid, double level)
    {
        if (values.Length != grid.Nodes) throw new ArgumentException($"{values.Length} values for a grid of {grid.Nodes} nodes");
        if (grid.CountX < 2 || grid.CountY < 2 || grid.CountZ < 2) throw new ArgumentException("a grid has at least 2 nodes each way");
        return new Walk(grid, level).Run(values);
    }

    /// <summary>One walk through the grid, layer by layer along x, with the vertices of two layers' edges at hand.</summary>
    private ref struct Walk
    {
        private readonly SampleGrid _grid;
        private readonly double _level;
        private readonly List<double> _vertices = [];
        private readonly List<int> _triangles = [];

        // Vertex of each edge: along y and z in the layer's near and far slice, along x between them. -1 where there is none yet.
        private int[] _nearY, _nearZ, _farY, _farZ;
        private readonly int[] _alongX;

        public Walk(SampleGrid grid, double level)
        {
            (_grid, _level) = (grid, level);
            int slice = grid.CountY * grid.CountZ;
            (_nearY, _nearZ, _farY, _farZ, _alongX) = (new int[slice], new int[slice], new int[slice], new int[slice], new int[slice]);
        }

        public MeshData Run(ReadOnlySpan<float> values)
        {
            int words = (_grid.CountZ + 63) / 64, rows = _grid.CountY;
            ulong[] near = new ulong[rows * words], far = new ulong[rows * words];
            MarkSlice(values, 0, near, words);
            Clear(_nearY);
            Clear(_nearZ);
            for (int x = 0; x + 1 < _grid.CountX; x++)
            {
                MarkSlice(values, x + 1, far, words);
                Clear(_farY);
                Clear(_farZ);
                Clear(_alongX);
                for (int y = 0; y + 1 < rows; y++)
                {
                    for (int w = 0; w < words; w++)
                    {
                        ulong active = Active(near, far, y, w, words);
                        while (active != 0)
                        {
                            int z = w * 64 + BitOperations.TrailingZeroCount(active);
                            active &= active - 1;
                            Cell(values, x, y, z, near, far, words);
                        }
                    }
                }

                (near, far) = (far, near);
                (_nearY, _farY) = (_farY, _nearY);
                (_nearZ, _farZ) = (_farZ, _nearZ);
            }

            return new MeshData([.. _vertices], [.. _triangles]);
        }

        private static void Clear(int[] edges) => edges.AsSpan().Fill(-1);

        /// <summary>Bit z of a row tells whether node z is inside.</summary>
        private readonly void MarkSlice(ReadOnlySpan<float> values, int x, ulong[] bits, int words)
        {
            int n = _grid.CountZ;
            var level = Vector512.Create((float)_level);
            for (int y = 0; y < _grid.CountY; y++)
            {
                ReadOnlySpan<float> row = values.Slice((int)_grid.Row(x, y), n);
                for (int w = 0; w < words; w++)
                {
                    ulong word = 0;
                    int begin = w * 64, end = Math.Min(begin + 64, n), z = begin;
                    for (; z + 16 <= end; z += 16)
                    {
                        var v = Vector512.LoadUnsafe(ref MemoryMarshal.GetReference(row), (nuint)z);
                        word |= Vector512.GreaterThan(v, level).ExtractMostSignificantBits() << z - begin;
                    }

                    for (; z < end; z++)
                    {
                        if (row[z] > (float)_level) word |= 1UL << z - begin;
                    }

                    bits[y * words + w] = word;
                }
            }
        }

        /// <summary>The cells of a word whose corners are not all alike.</summary>
        private readonly ulong Active(ulong[] near, ulong[] far, int y, int w, int words)
        {
            int a = y * words + w, b = a + words;
            bool more = w + 1 < words;
            ulong any = near[a] | near[b] | far[a] | far[b], all = near[a] & near[b] & far[a] & far[b];
            ulong nextAny = more ? near[a + 1] | near[b + 1] | far[a + 1] | far[b + 1] : 0;
            ulong nextAll = more ? near[a + 1] & near[b + 1] & far[a + 1] & far[b + 1] : 0;
            ulong active = (any | any >> 1 | nextAny << 63) & ~(all & (all >> 1 | nextAll << 63));
            int left = _grid.CountZ - 1 - w * 64;
            return left >= 64 ? active : left <= 0 ? 0 : active & (1UL << left) - 1;
        }

        private void Cell(ReadOnlySpan<float> values, int x, int y, int z, ulong[] near, ulong[] far, int words)
        {
            int inside = 0;
            for (int corner = 0; corner < CubeTriangles.Corners; corner++)
            {
                ulong[] bits = (corner & 2) == 0 ? near : far;
                int at = z + (corner >> 2);
                inside |= (int)(bits[(y + (corner & 1)) * words + (at >> 6)] >> (at & 63) & 1) << corner;
            }

            foreach (byte edge in CubeTriangles.Table[inside]) _triangles.Add(Vertex(values, x, y, z, edge));
        }

        private int Vertex(ReadOnlySpan<float> values, int x, int y, int z, int edge)
        {
            (int from, _, int axis) = CubeTriangles.Edges[edge];
            int dx = from >> 1 & 1, ny = y + (from & 1), nz = z + (from >> 2), place = ny * _grid.CountZ + nz;
            int[] edges = axis == 0 ? _alongX : axis == 1 ? (dx == 0 ? _nearY : _farY) : dx == 0 ? _nearZ : _farZ;
            if (edges[place] >= 0) return edges[place];
            int nx = x + dx;
            double a = values[(int)(_grid.Row(nx, ny) + nz)];
            double b = values[(int)(axis == 0 ? _grid.Row(nx + 1, ny) + nz : axis == 1 ? _grid.Row(nx, ny + 1) + nz : _grid.Row(nx, ny) + nz + 1)];
            if (!double.IsFinite(a) || !double.IsFinite(b))
                throw new ArgumentException($"a value at node [{nx}, {ny}, {nz}] or next to it is not finite ({a}, {b})");
            double share = Math.Clamp((_level - a) / (b - a), 0, 1);
            _vertices.Add(_grid.X + _grid.Spacing * (nx + (axis == 0 ? share : 0)));
            _vertices.Add(_grid.Y + _grid.Spacing * (ny + (axis == 1 ? share : 0)));
            _vertices.Add(_grid.Z + _grid.Spacing * (nz + (axis == 2 ? share : 0)));
            return edges[place] = _vertices.Count / 3 - 1;
        }
    }
}
