using Xunit;

namespace WeightMem.Models.Tests;

public sealed class NearestNameTests
{
    private static readonly string[] Known = ["gpt", "pdiff", "hyperdiffusion", "hyper-representations"];

    [Theory]
    [InlineData("gtp", "gpt")]
    [InlineData("GPT", "gpt")]
    [InlineData("g.pt", "gpt")]
    [InlineData("p-diff", "pdiff")]
    [InlineData("hyperdifusion", "hyperdiffusion")]
    [InlineData("hyper-rep", "hyper-representations")]
    [InlineData("banana", null)]
    [InlineData("", null)]
    public void Finds_what_was_meant(string given, string? nearest) => Assert.Equal(nearest, NearestName.Of(given, Known));

    [Theory]
    [InlineData("abc", "abc", 0)]
    [InlineData("", "abc", 3)]
    [InlineData("abc", "acb", 1)]
    [InlineData("kitten", "sitting", 3)]
    public void Counts_edits(string a, string b, int distance) => Assert.Equal(distance, NearestName.Distance(a, b));

    [Fact]
    public void Says_all_there_are()
    {
        Assert.Equal(
            "unknown method gtp; did you mean gpt? There are: gpt, pdiff, hyperdiffusion, hyper-representations",
            NearestName.Message("method", "gtp", Known));
        Assert.Equal("unknown preset x; there are: smoke, small", NearestName.Message("preset", "x", ["smoke", "small"]));
    }
}
