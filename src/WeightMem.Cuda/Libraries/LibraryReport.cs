using System.Globalization;
using System.Text;

namespace WeightMem.Cuda.Libraries;

/// <summary>One name that was given to the loader and did not serve.</summary>
/// <param name="Name">The file name or full path.</param>
/// <param name="Reason">Why it was not taken, in one line.</param>
public sealed record LibraryAttempt(string Name, string Reason);

/// <summary>A loaded library.</summary>
/// <param name="Library">Which library it serves.</param>
/// <param name="Path">The full path where it is known, else the name that the loader accepted.</param>
/// <param name="Version">Its own version as "13.0", or empty where it does not tell.</param>
/// <param name="Handle">The loader's handle.</param>
public sealed record LocatedLibrary(CudaLibrary Library, string Path, string Version, nint Handle)
{
    /// <summary>The major version, or 0 when unknown.</summary>
    public int Major =>
        int.TryParse(Version.AsSpan(0, Math.Max(Version.IndexOf('.'), 0)), CultureInfo.InvariantCulture, out var major) ? major : 0;
}

/// <summary>What the search for one library did.</summary>
/// <param name="Library">The library.</param>
/// <param name="Found">What was loaded, or null.</param>
/// <param name="Attempts">Every name that did not serve, in the order tried.</param>
public sealed record LibrarySearch(CudaLibrary Library, LocatedLibrary? Found, IReadOnlyList<LibraryAttempt> Attempts);

/// <summary>What the locator found and tried, for <c>weightmem doctor</c> and for error messages.</summary>
/// <param name="Searches">One search per library, in the order of <see cref="CudaLibrary"/>.</param>
/// <param name="Folders">The folders that were looked into besides those of the system's loader.</param>
public sealed record LibraryReport(IReadOnlyList<LibrarySearch> Searches, IReadOnlyList<string> Folders)
{
    /// <summary>The search for one library.</summary>
    /// <param name="library">The library.</param>
    public LibrarySearch this[CudaLibrary library] => Searches[(int)library];

    /// <summary>One line on one library: where it was found, or what was tried.</summary>
    /// <param name="library">The library.</param>
    public string Line(CudaLibrary library)
    {
        var search = this[library];
        if (search.Found is { } found)
            return found.Version.Length > 0 ? $"{library}: {found.Path}, version {found.Version}" : $"{library}: {found.Path}";
        var line = new StringBuilder($"{library}: not found; tried ");
        line.AppendJoin(", ", search.Attempts.Select(attempt => $"{attempt.Name} ({attempt.Reason})"));
        if (search.Attempts.Count == 0)
            line.Append("no name, because none fits this driver");
        return line.ToString();
    }

    /// <summary>The whole report: one line per library, and one for the extra folders.</summary>
    public override string ToString()
    {
        var lines = Searches.Select(search => Line(search.Library));
        return string.Join('\n', lines.Append("extra folders: " + (Folders.Count > 0 ? string.Join(", ", Folders) : "none")));
    }
}
