using System.Reflection;
using Xunit;

namespace WeightMem.Packages.Tests;

/// <summary>What the packages promise: every public name is in a file beside this test, so a change of it is seen in review.</summary>
public sealed class PublicApiTests
{
    private const string Renew = "WEIGHTMEM_RENEW_PUBLIC_API";

    [Theory]
    [InlineData("WeightMem.Cuda")]
    [InlineData("WeightMem.Engine")]
    [InlineData("WeightMem.Formats")]
    [InlineData("WeightMem.Models")]
    [InlineData("WeightMem.Evaluation")]
    public void Public_names_are_the_ones_that_were_agreed(string assembly)
    {
        string file = Path.Combine(SampleTests.Root(), "tests", "WeightMem.Packages.Tests", "PublicApi", assembly + ".txt");
        string[] now = PublicApi.Of(Assembly.Load(assembly));
        Assert.True(now.Length > 50, $"{assembly} has {now.Length} public names: the reading of them is broken");
        if (Environment.GetEnvironmentVariable(Renew) == "1")
        {
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            File.WriteAllText(file, string.Join('\n', now) + "\n");
        }

        string[] agreed = File.Exists(file) ? File.ReadAllLines(file) : [];
        string[] gone = [.. agreed.Except(now).Select(l => "- " + l)], added = [.. now.Except(agreed).Select(l => "+ " + l)];
        Assert.True(gone.Length + added.Length == 0, $"""
            The public names of {assembly} changed:
            {string.Join('\n', gone.Concat(added).Take(40))}
            If that is meant, run this test again with {Renew}=1 and commit tests/WeightMem.Packages.Tests/PublicApi/{assembly}.txt; what begins with - breaks those who use it.
            """);
    }

    [Fact]
    public void A_name_tells_what_a_caller_depends_on()
    {
        string[] lines = PublicApi.Of(typeof(PublicApiTests).Assembly);
        Assert.Contains("WeightMem.Packages.Tests.ApiProbe: sealed class, System.IDisposable", lines);
        Assert.Contains("WeightMem.Packages.Tests.ApiProbe.Count: int { get; }", lines);
        Assert.Contains("WeightMem.Packages.Tests.ApiProbe.Fill<T>(ref T[] into, System.Collections.Generic.List<double?> from = null): static void", lines);
        Assert.Contains("WeightMem.Packages.Tests.ApiProbe.Least = 3: const int", lines);
        Assert.DoesNotContain(lines, l => l.Contains("Hidden", StringComparison.Ordinal));
    }
}

/// <summary>Something to read the names of.</summary>
public sealed class ApiProbe : IDisposable
{
    public const int Least = 3;

    public int Count { get; internal set; }

    public static void Fill<T>(ref T[] into, List<double?>? from = null) => (into, _) = ([], from);

    public void Dispose() => Hidden();

    private void Hidden() => Count = 0;
}
