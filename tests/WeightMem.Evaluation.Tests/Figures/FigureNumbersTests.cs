using System.Globalization;
using SkiaSharp;
using WeightMem.Engine.Random;
using WeightMem.Evaluation.Figures;
using Xunit;

namespace WeightMem.Evaluation.Tests.Figures;

public sealed class FigureNumbersTests
{
    [Fact]
    public void Histogram_percentages_of_every_population_sum_to_100()
    {
        string[] lines = SampleFigures.Of("histogram").Csv.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Dictionary<string, double> sums = [];
        foreach (string[] cells in lines.Skip(1).Select(line => line.Split(',')))
            sums[cells[0]] = sums.GetValueOrDefault(cells[0]) + double.Parse(cells[5], CultureInfo.InvariantCulture);

        Assert.Equal(["training", "generated", "heldout"], sums.Keys);
        Assert.All(sums.Values, sum => Assert.Equal(100, sum, 1e-9));
    }

    [Fact]
    public void Histogram_bins_hold_their_lower_edge_and_the_last_one_both()
    {
        double[] edges = DistanceHistogramFigure.Edges([0, 15]);
        int[] counts = DistanceHistogramFigure.Count([0, 0.999, 1, 14, 15], edges);

        Assert.Equal(Enumerable.Range(0, 16).Select(i => (double)i), edges);
        Assert.Equal([2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2], counts);
    }

    [Theory]
    [InlineData(0.0)]
    [InlineData(3.5)]
    [InlineData(1e-9)]
    public void Histogram_of_equal_distances_still_has_15_bins(double value)
    {
        double[] edges = DistanceHistogramFigure.Edges([value, value]);

        Assert.Equal(16, edges.Distinct().Count());
        Assert.Equal(2, DistanceHistogramFigure.Count([value, value], edges).Sum());
        Assert.NotEmpty(DistanceHistogramFigure.Draw([value], [value]).Png());
    }

    [Fact]
    public void Histogram_names_the_series_with_a_distance_that_is_no_number()
    {
        var error = Assert.Throws<ArgumentException>(() => DistanceHistogramFigure.Draw([1, 2], [1, double.NaN]));

        Assert.Contains("value 1 of the series 'generated' is NaN", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Scatter_draws_at_most_100_points_of_a_population_and_the_seed_chooses_them()
    {
        NoveltyPopulation[] populations = [SampleFigures.Population("training", 250), SampleFigures.Population("generated", 30)];
        bool[] Drawn(long seed) => [.. NoveltyPerformanceFigure.Draw(populations, new RandomStream(seed, "scatter")).Csv
            .Split('\n', StringSplitOptions.RemoveEmptyEntries).Skip(1).Select(line => line.EndsWith(",1", StringComparison.Ordinal))];

        Assert.Equal(100, Drawn(1)[..250].Count(drawn => drawn));
        Assert.Equal(30, Drawn(1)[250..].Count(drawn => drawn));
        Assert.Equal(Drawn(1), Drawn(1));
        Assert.NotEqual(Drawn(1), Drawn(2));
    }

    [Fact]
    public void Chance_curve_is_drawn_where_it_is_inside_the_axes()
    {
        NoveltyPopulation[] populations = [new("training", [0.05, 0.3], [60, 90])];
        byte[] without = NoveltyPerformanceFigure.Draw(populations, new RandomStream(1, "s")).Svg();
        byte[] inside = NoveltyPerformanceFigure.Draw(populations, new RandomStream(1, "s"), 0.3).Svg();

        Assert.True(inside.Length > without.Length);
    }

    [Fact]
    public void Agreement_is_the_share_of_equal_grid_points() =>
        Assert.Equal(0.75, DecisionBoundaryFigure.Agreement([1, 2, 3, 4], [1, 2, 3, 5]));

    [Fact]
    public void Boundary_maps_are_drawn_with_the_second_dimension_upwards()
    {
        // Class 0 below, class 3 above: the upper half of the panel is reddish, the lower one bluish.
        byte[] map = [.. Enumerable.Repeat((byte)0, 50), .. Enumerable.Repeat((byte)3, 50)];
        Figure figure = DecisionBoundaryFigure.Draw([new BoundaryPair(map, map, null)], 10, new BoundaryExtent(0, 1, 0, 1), 10);
        using SKBitmap bitmap = SKBitmap.Decode(figure.Png(1));
        SKColor upper = bitmap.GetPixel(100, 80), lower = bitmap.GetPixel(100, 280);

        Assert.Equal(FigureStyle.Class(3), upper);
        Assert.Equal(FigureStyle.Class(0), lower);
    }

    [Fact]
    public void Boundary_refuses_maps_of_another_size_and_classes_out_of_range()
    {
        var extent = new BoundaryExtent(0, 1, 0, 1);

        BoundaryPair cut = new(new byte[4], new byte[3], null), strange = new([0, 1, 2, 9], new byte[4], null);
        Assert.Throws<ArgumentException>(() => DecisionBoundaryFigure.Draw([cut], 2, extent, 10));
        Assert.Throws<ArgumentException>(() => DecisionBoundaryFigure.Draw([strange], 2, extent, 9));
        Assert.Throws<ArgumentException>(() => DecisionBoundaryFigure.Draw([SampleFigures.Pair(1)], SampleFigures.Resolution, default, 10));
    }

    [Fact]
    public void Heatmap_refuses_a_row_of_another_length()
    {
        var block = new HeatmapBlock("g", [1, 2], [new HeatmapNeighbour("t", [1], 0.5)]);

        Assert.Throws<ArgumentException>(() => HeatmapFigure.Draw([block], [3, 4], 10));
    }

    [Fact]
    public void Loss_curve_draws_around_losses_that_are_no_numbers_and_refuses_steps_that_go_back()
    {
        Assert.NotEmpty(LossCurveFigure.Draw([new(0, 1), new(1, double.NaN), new(2, 0), new(3, 0.5)], []).Png());
        Assert.Throws<ArgumentException>(() => LossCurveFigure.Draw([new(0, double.NaN)], []));
        Assert.Throws<ArgumentException>(() => LossCurveFigure.Draw([new(5, 1), new(5, 1)], []));
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(0.456, 0.905)]
    [InlineData(-3e-7, 2e-7)]
    [InlineData(93.5, 95.4)]
    [InlineData(0, 178000)]
    [InlineData(7, 7)]
    public void Straight_axes_have_two_to_four_different_labels_inside_the_range(double low, double high)
    {
        Axis axis = Axis.Linear(low, high);

        Assert.InRange(axis.Ticks.Count, 2, 4);
        Assert.Equal(axis.Ticks.Count, axis.Ticks.Select(tick => tick.Label).Distinct().Count());
        Assert.All(axis.Ticks, tick => Assert.InRange(axis.Fraction(tick.Value), -1e-6, 1 + 1e-6));
        double tolerance = Math.Abs(high - low) * 1e-6 + 1e-12;
        Assert.All(axis.Ticks, tick => Assert.Equal(tick.Value, double.Parse(tick.Label, CultureInfo.InvariantCulture), tolerance));
    }

    [Theory]
    [InlineData(0.02, 0.2)]
    [InlineData(0.03, 0.05)]
    [InlineData(1e-9, 10)]
    [InlineData(0.5, 0.5)]
    [InlineData(0.9, 1200)]
    public void Logarithmic_axes_have_one_to_four_labels_inside_the_range(double low, double high)
    {
        Axis axis = Axis.Logarithmic(low, high);
        Tick[] labelled = [.. axis.Ticks.Where(tick => tick.Label.Length > 0)];

        Assert.InRange(labelled.Length, 1, 4);
        Assert.All(axis.Ticks, tick => Assert.InRange(axis.Fraction(tick.Value), -1e-6, 1 + 1e-6));
    }

    [Fact]
    public void Viridis_rises_in_lightness_from_violet_to_yellow()
    {
        double[] lightness = [.. Enumerable.Range(0, 256).Select(i => Viridis.At(i / 255.0))
            .Select(c => 0.2126 * c.Red + 0.7152 * c.Green + 0.0722 * c.Blue)];

        Assert.Equal(new SKColor(0x44, 0x01, 0x54), Viridis.At(-1));
        Assert.Equal(new SKColor(0xFD, 0xE7, 0x24), Viridis.At(2));
        Assert.All(Enumerable.Range(0, 240), i => Assert.True(lightness[i + 16] > lightness[i]));
    }

    [Fact]
    public void Text_has_the_width_of_the_embedded_font_and_long_text_is_cut()
    {
        Assert.Equal(FigureFont.Width("0", 10) * 4, FigureFont.Width("0123", 10), 0.01);
        Assert.InRange(FigureFont.Width("0", 2048), 1300, 1306); // the advance of a digit of DejaVu Sans is 1303 of 2048 units
        string cut = FigureFont.Fit("a name that is far too long", 12, 60);
        Assert.EndsWith("…", cut, StringComparison.Ordinal);
        Assert.True(FigureFont.Width(cut, 12) <= 60);
    }

    [Fact]
    public void Csv_quotes_text_and_keeps_the_bits_of_numbers()
    {
        CsvText csv = new CsvText("a", "b").Add("x,\"y\"\n").Add(0.1 + 0.2).Add(double.NaN).Add(double.NegativeInfinity);

        Assert.Equal("a,b\n\"x,\"\"y\"\"\n\",0.30000000000000004,,-inf", csv.ToString());
    }
}
