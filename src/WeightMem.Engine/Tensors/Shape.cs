using System.Collections;

namespace WeightMem.Engine.Tensors;

/// <summary>
/// The sizes of a row-major tensor, at most five dimensions. A value: it lives on the stack and never allocates.
/// Converts from a tuple, so <c>device.Empty((rows, columns))</c> reads as it is meant.
/// </summary>
public readonly struct Shape : IEquatable<Shape>, IReadOnlyList<int>
{
    /// <summary>The largest number of dimensions.</summary>
    public const int MaxRank = 5;

    private readonly int _d0, _d1, _d2, _d3, _d4;

    /// <summary>A shape of the given sizes.</summary>
    /// <exception cref="ArgumentException">More than <see cref="MaxRank"/> sizes, or a negative one.</exception>
    public Shape(params ReadOnlySpan<int> sizes)
    {
        if (sizes.Length > MaxRank)
            throw new ArgumentException($"a shape has at most {MaxRank} dimensions, not {sizes.Length}");
        foreach (int size in sizes)
        {
            if (size < 0) throw new ArgumentException($"a shape's sizes are not negative, and {size} is");
        }

        Rank = sizes.Length;
        if (sizes.Length > 0) _d0 = sizes[0];
        if (sizes.Length > 1) _d1 = sizes[1];
        if (sizes.Length > 2) _d2 = sizes[2];
        if (sizes.Length > 3) _d3 = sizes[3];
        if (sizes.Length > 4) _d4 = sizes[4];
    }

    /// <summary>Number of dimensions; 0 is a scalar.</summary>
    public int Rank { get; }

    /// <inheritdoc/>
    public int Count => Rank;

    /// <summary>The size of one dimension; negative indices count from the last.</summary>
    public int this[int dimension]
    {
        get
        {
            int index = dimension < 0 ? dimension + Rank : dimension;
            if ((uint)index >= (uint)Rank)
                throw new ArgumentOutOfRangeException(nameof(dimension), $"dimension {dimension} of shape {this}");
            return index switch { 0 => _d0, 1 => _d1, 2 => _d2, 3 => _d3, _ => _d4 };
        }
    }

    /// <summary>Number of elements; 1 for a scalar.</summary>
    public long Elements
    {
        get
        {
            long elements = 1;
            for (int i = 0; i < Rank; i++) elements = checked(elements * this[i]);
            return elements;
        }
    }

    /// <summary>The last size: the length of a row. 1 for a scalar.</summary>
    public int Columns => Rank == 0 ? 1 : this[Rank - 1];

    /// <summary>All sizes but the last multiplied: the number of rows. 1 for a scalar.</summary>
    public int Rows
    {
        get
        {
            long rows = 1;
            for (int i = 0; i < Rank - 1; i++) rows = checked(rows * this[i]);
            return checked((int)rows);
        }
    }

    /// <summary>The same shape with another last size.</summary>
    public Shape WithColumns(int columns)
    {
        Span<int> sizes = stackalloc int[Rank];
        for (int i = 0; i < Rank; i++) sizes[i] = this[i];
        sizes[^1] = columns;
        return new Shape(sizes);
    }

    /// <summary>The same shape with another first size.</summary>
    public Shape WithLeading(int leading)
    {
        Span<int> sizes = stackalloc int[Rank];
        for (int i = 0; i < Rank; i++) sizes[i] = this[i];
        sizes[0] = leading;
        return new Shape(sizes);
    }

    /// <summary>The sizes as a new array.</summary>
    public int[] ToArray()
    {
        var sizes = new int[Rank];
        for (int i = 0; i < Rank; i++) sizes[i] = this[i];
        return sizes;
    }

    /// <inheritdoc/>
    public bool Equals(Shape other) =>
        Rank == other.Rank && _d0 == other._d0 && _d1 == other._d1 && _d2 == other._d2 && _d3 == other._d3 && _d4 == other._d4;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is Shape other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Rank, _d0, _d1, _d2, _d3, _d4);

    /// <summary>The sizes in brackets, as in <c>[32, 26, 128]</c>.</summary>
    public override string ToString() => $"[{string.Join(", ", ToArray())}]";

    /// <inheritdoc/>
    public IEnumerator<int> GetEnumerator() => ((IEnumerable<int>)ToArray()).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>Same rank and sizes.</summary>
    public static bool operator ==(Shape left, Shape right) => left.Equals(right);

    /// <summary>Another rank or another size.</summary>
    public static bool operator !=(Shape left, Shape right) => !left.Equals(right);

    /// <summary>A vector's shape.</summary>
    public static implicit operator Shape(int d0) => new([d0]);

    /// <summary>A matrix's shape.</summary>
    public static implicit operator Shape((int D0, int D1) s) => new([s.D0, s.D1]);

    /// <summary>A shape of three dimensions.</summary>
    public static implicit operator Shape((int D0, int D1, int D2) s) => new([s.D0, s.D1, s.D2]);

    /// <summary>A shape of four dimensions.</summary>
    public static implicit operator Shape((int D0, int D1, int D2, int D3) s) => new([s.D0, s.D1, s.D2, s.D3]);

    /// <summary>A shape from an array of sizes.</summary>
    public static implicit operator Shape(int[] sizes) => new(sizes);
}
