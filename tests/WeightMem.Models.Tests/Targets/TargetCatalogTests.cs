using WeightMem.Models.Targets;
using Xunit;

namespace WeightMem.Models.Tests.Targets;

public class TargetCatalogTests
{
    [Fact]
    public void Widths_come_from_the_images_or_from_the_name()
    {
        Assert.Equal("mlp-12-10-3", TargetCatalog.Create("mlp", SyntheticImages.Make(5, 3, 4, 3)).Name);
        Assert.Equal("mlp-12-8-7-3", TargetCatalog.Create("mlp-12-8-7-3", SyntheticImages.Make(5, 3, 4, 3)).Name);
        Assert.Equal(7960, TargetCatalog.Create("mlp-784-10-10", null).Layout.Count);
    }

    [Theory]
    [InlineData("mlq-784-10", "no target 'mlq-784-10'")]
    [InlineData("", "there are mlp, mlp-<inputs>")]
    [InlineData("mlp-", "'' is no width")]
    [InlineData("mlp-784", "one width")]
    [InlineData("mlp-784-x-10", "'x' is no width")]
    [InlineData("mlp-784--10", "'' is no width")]
    [InlineData("mlp-784-0-10", "'0' is no width")]
    [InlineData("mlp-784-99999999999-10", "'99999999999' is no width")]
    [InlineData("mlp", "takes its widths from images")]
    public void A_name_that_is_none_says_what_there_is(string name, string expected)
    {
        var error = Assert.Throws<ArgumentException>(() => TargetCatalog.Create(name, null));
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Widths_that_do_not_fit_the_images_are_refused()
    {
        var error = Assert.Throws<ArgumentException>(() => TargetCatalog.Create("mlp-784-10-3", SyntheticImages.Make(5, 3, 4, 3)));
        Assert.Contains("784", error.Message, StringComparison.Ordinal);
        Assert.Contains("12", error.Message, StringComparison.Ordinal);
    }
}
