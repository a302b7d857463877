namespace WeightMem.Benchmarks;

/// <summary>One way of reading or writing a file, beside the least that can be done with the same bytes.</summary>
/// <param name="Name">What is read or written.</param>
/// <param name="Bytes">Bytes of the file.</param>
/// <param name="Ours">Does it by this project, and gives what was read, or null.</param>
/// <param name="Floor">Does the least: a plain read into a new array, or a plain write that reaches the disk. Gives what was read, or null.</param>
/// <param name="IsRight">Whether what <paramref name="Ours"/> gave is right.</param>
internal sealed record FileRow(string Name, long Bytes, Func<object?> Ours, Func<object?> Floor, Func<object?, bool> IsRight);

/// <summary>The times of a row, in seconds.</summary>
/// <param name="Name">What was read or written.</param>
/// <param name="Bytes">Bytes of the file.</param>
/// <param name="Median">This project's median.</param>
/// <param name="Best">This project's best.</param>
/// <param name="FloorMedian">The floor's median.</param>
/// <param name="FloorBest">The floor's best.</param>
/// <param name="Ratio">The median over the rounds of this project's time over the floor's.</param>
internal sealed record FileResult(string Name, long Bytes, double Median, double Best, double FloorMedian, double FloorBest, double Ratio);
