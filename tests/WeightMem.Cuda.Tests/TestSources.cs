namespace WeightMem.Cuda.Tests;

/// <summary>The kernel sources of the tests, which are embedded in the assembly.</summary>
internal static class TestSources
{
    public static string Read(string fileName)
    {
        using var stream = typeof(TestSources).Assembly.GetManifestResourceStream(fileName)
            ?? throw new FileNotFoundException($"{fileName} is not embedded");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
