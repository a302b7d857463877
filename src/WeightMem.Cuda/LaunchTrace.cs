namespace WeightMem.Cuda;

/// <summary>
/// The names of the latest launches of this process. A kernel's fault is reported by some later call, so the names are all that can tell
/// which kernel it was.
/// </summary>
internal static class LaunchTrace
{
    private const int Length = 8;

    private static readonly string?[] Names = new string?[Length];
    private static int _next;

    /// <summary>Notes a launch. Takes no lock and allocates nothing; two threads may swap neighbours, which does not matter here.</summary>
    public static void Note(string kernel) =>
        Volatile.Write(ref Names[(uint)(Interlocked.Increment(ref _next) - 1) % Length], kernel);

    /// <summary>The latest launches, the latest first.</summary>
    public static string[] Latest()
    {
        var latest = new List<string>(Length);
        var last = Volatile.Read(ref _next);
        for (var i = 1; i <= Length; i++)
        {
            if (Volatile.Read(ref Names[(uint)(last - i) % Length]) is { } name)
                latest.Add(name);
        }

        return [.. latest];
    }
}
