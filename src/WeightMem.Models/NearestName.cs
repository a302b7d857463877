namespace WeightMem.Models;

/// <summary>Finds the name that a mistyped one was meant to be.</summary>
public static class NearestName
{
    /// <summary>The nearest of the known names, or null when none is near enough to be worth a suggestion.</summary>
    public static string? Of(string given, IEnumerable<string> known)
    {
        string? nearest = null;
        int best = int.MaxValue;
        foreach (string name in known)
        {
            int distance = Distance(given, name);

            // A name that starts as given is what an abbreviation means, however much is missing.
            if (given.Length >= 2 && name.StartsWith(given, StringComparison.OrdinalIgnoreCase)) distance = 1;
            if (distance < best) (nearest, best) = (name, distance);
        }

        return nearest is not null && best <= Math.Max(2, nearest.Length / 3) ? nearest : null;
    }

    /// <summary>
    /// One line for an unknown name: what it is not, the nearest if there is one, and all there are, such as
    /// <c>unknown method gtp; did you mean gpt? There are: gpt, pdiff</c>.
    /// </summary>
    /// <param name="what">What the name should be of, such as <c>method</c>.</param>
    /// <param name="given">The name given.</param>
    /// <param name="known">The names there are.</param>
    public static string Message(string what, string given, IReadOnlyCollection<string> known)
    {
        string hint = Of(given, known) is { } nearest ? $"; did you mean {nearest}? There are" : "; there are";
        return $"unknown {what} {given}{hint}: {string.Join(", ", known)}";
    }

    /// <summary>Letters to insert, delete, replace or swap with their neighbour to turn one name into the other; case does not count.</summary>
    internal static int Distance(string a, string b)
    {
        // Names are short; no input may make this slow.
        if (a.Length > 64 || b.Length > 64) return int.MaxValue;
        var table = new int[a.Length + 1, b.Length + 1];
        for (int i = 0; i <= a.Length; i++) table[i, 0] = i;
        for (int j = 0; j <= b.Length; j++) table[0, j] = j;
        for (int i = 1; i <= a.Length; i++)
        {
            for (int j = 1; j <= b.Length; j++)
            {
                int replace = table[i - 1, j - 1] + (Same(a[i - 1], b[j - 1]) ? 0 : 1);
                int least = Math.Min(replace, 1 + Math.Min(table[i - 1, j], table[i, j - 1]));
                bool swapped = i > 1 && j > 1 && Same(a[i - 1], b[j - 2]) && Same(a[i - 2], b[j - 1]);
                table[i, j] = swapped ? Math.Min(least, table[i - 2, j - 2] + 1) : least;
            }
        }

        return table[a.Length, b.Length];
    }

    private static bool Same(char x, char y) => char.ToUpperInvariant(x) == char.ToUpperInvariant(y);
}
