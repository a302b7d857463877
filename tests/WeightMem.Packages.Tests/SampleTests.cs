using System.Reflection;
using WeightMem.Formats;
using WeightMem.Formats.Numpy;
using WeightMem.Formats.Safetensors;
using Xunit;

namespace WeightMem.Packages.Tests;

/// <summary>Runs the programs of <c>samples/</c> in this process.</summary>
public sealed class SampleTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("samples-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Formats_lists_a_checkpoint_and_converts_it()
    {
        string from = Path.Combine(_folder, "a.npy"), to = Path.Combine(_folder, "b.safetensors");
        NpyFile.Write(from, NamedArray.Of("weights", new float[] { 1, 2, 3, 4, 5, 6 }, 2, 3));
        (int code, string output) = Run("Formats", from, to);
        Assert.Equal(0, code);
        Assert.Contains("Float32 [2, 3]", output, StringComparison.Ordinal);
        Assert.Equal([1f, 2, 3, 4, 5, 6], SafetensorsFile.Read(to).Tensors.Single().ToFloats());
        Assert.Equal(3, Run("Formats", Path.Combine(_folder, "none.pt"), to).Code);
        Assert.Equal(2, Run("Formats").Code);
    }

    [Fact]
    public void Engine_trains_a_network_that_separates_the_spirals()
    {
        (int code, string output) = Run("Engine");
        Assert.Equal(0, code);
        string percent = output.TrimEnd().Split(", ")[^1].Split(' ')[0];
        Assert.InRange(double.Parse(percent, System.Globalization.CultureInfo.InvariantCulture), 98, 100);
    }

    [Fact]
    public void Evaluation_finds_the_copies()
    {
        (int code, string output) = Run("Evaluation", Path.Combine(_folder, "verdict"));
        Assert.Equal(0, code);
        Assert.Contains("verdict: replica", output, StringComparison.Ordinal);
        Assert.True(File.Exists(Path.Combine(_folder, "verdict", "report.html")));
    }

    [Fact]
    public void A_generator_of_ones_own_is_judged()
    {
        (int code, string output) = Run("Generator", Path.Combine(_folder, "verdict"));
        Assert.Equal(0, code);
        Assert.Matches(@"accuracy: \d+\.\d % of parents", output);
        Assert.Matches("verdict: (replica|interpolation|novel-and-useful|inconclusive)", output);
    }

    [Fact]
    public void A_target_of_ones_own_judges_images()
    {
        (int code, string output) = Run("Target");
        Assert.Equal(0, code);
        Assert.Matches(@"(?s)^training: accuracy \d+\.\d %, overlap of errors with the nearest 0\.\d\d\naverages: accuracy \d+\.\d %, overlap of errors with the nearest 0\.\d\d\n$", output.ReplaceLineEndings("\n"));
    }

    [Theory]
    [InlineData("generator")]
    [InlineData("target")]
    public void Worked_examples_are_short(string name)
    {
        string source = Path.Combine(Root(), "samples", name, "Program.cs");
        Assert.InRange(File.ReadLines(source).Count(), 10, 59);
    }

    internal static string Root()
    {
        string at = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(at, "WeightMem.sln"))) at = Path.GetDirectoryName(at) ?? throw new DirectoryNotFoundException("the tests run outside the repository");
        return at;
    }

    // The console is shared; tests of one class run one at a time.
    private static (int Code, string Output) Run(string sample, params string[] args)
    {
        MethodInfo main = Assembly.Load($"WeightMem.Samples.{sample}").EntryPoint!;
        (TextWriter before, TextWriter beforeError) = (Console.Out, Console.Error);
        using var output = new StringWriter();
        try
        {
            Console.SetOut(output);
            Console.SetError(output);
            return (main.Invoke(null, [args]) is int code ? code : 0, output.ToString());
        }
        finally
        {
            Console.SetOut(before);
            Console.SetError(beforeError);
        }
    }
}
