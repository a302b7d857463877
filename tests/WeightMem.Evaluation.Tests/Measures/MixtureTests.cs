using WeightMem.Engine.Tensors;
using WeightMem.Evaluation.Measures;
using WeightMem.Models.Populations;
using Xunit;

namespace WeightMem.Evaluation.Tests.Measures;

public sealed class MixtureTests
{
    [Fact]
    public void Planted_weights_are_recovered()
    {
        Population parents = Made.Flat(400, 40, 410);
        double[] planted = [0.5, 0.3, 0.15, 0.05];
        int[] rows = [3, 17, 20, 39];
        Population query = Mixed(parents, rows, planted);
        Mixture found = new SimplexProjection(parents).Nearest(query)[0]!;
        Assert.Equal(rows, found.Weights.Where(w => w.Value > 1e-6).Select(w => w.Key));
        for (int i = 0; i < rows.Length; i++) Assert.Equal(planted[i], found.Weights[rows[i]], 1e-6);
        Assert.Equal(1 / planted.Sum(w => w * w), found.EffectiveParents, 1e-5);
        Assert.True(found.Residual < 1e-4 && found.Gap <= 1e-8);
    }

    [Fact]
    public void The_gap_certifies_the_residual()
    {
        // Against the conditions of an optimum: no parent has a smaller slope than those with weight.
        Population parents = Made.Flat(60, 50, 411), queries = Made.Flat(60, 5, 412);
        foreach (Mixture mixture in new SimplexProjection(parents).Nearest(queries).Select(m => m!)) Assert.InRange(mixture.Gap, 0, 1e-8);
    }

    [Fact]
    public void A_copy_has_one_parent_and_exclusion_takes_it_away()
    {
        Population parents = Made.Flat(100, 10, 413);
        var simplex = new SimplexProjection(parents);
        int[] marks = [.. Enumerable.Range(0, 10)];
        Mixture?[] own = simplex.Nearest(parents), others = simplex.Nearest(parents, marks, marks);
        Assert.All(own, m => Assert.Equal((0.0, 1.0), (m!.Residual, m.EffectiveParents)));
        for (int i = 0; i < 10; i++)
        {
            Assert.DoesNotContain(i, others[i]!.Weights.Keys);
            Assert.True(others[i]!.Residual > 1);
        }

        Assert.All(simplex.Nearest(parents, new int[10], new int[10]), Assert.Null);
    }

    [Fact]
    public void Extrapolation_is_outside_of_mixtures_and_inside_of_the_flat()
    {
        Population parents = Made.Flat(100, 10, 414), query = Mixed(parents, [0, 1], [1.5, -0.5]);
        Assert.True(new SimplexProjection(parents).Nearest(query)[0]!.Residual > 1);
        Assert.True(new AffineProjection(parents).Residuals(query)[0] < 1e-4);
        Population scaled = Mixed(parents, [0], [2]);
        Assert.True(new AffineProjection(parents).Residuals(scaled)[0] > 1);
        Assert.True(new AffineProjection(parents, span: true).Residuals(scaled)[0] < 1e-4);
    }

    [Fact]
    public void A_place_on_a_trajectory_is_found_with_its_step()
    {
        Population line = new("made", new ParameterLayout(("w", 30)), Made.Flat(30, 6, 415).Weights, new int[6], [50, 10, 20, 30, 40, 60]);
        Population query = Mixed(line, [2, 3], [0.25, 0.75]);
        (double[] distances, double[] steps) = PolyLine.Nearest(query, line);
        Assert.Equal(0, distances[0], 1e-5);
        Assert.Equal(27.5, steps[0], 1e-4);
    }

    [Fact]
    public void Near_zero_distances_are_right_to_a_millionth()
    {
        // Weights of size 1 moved by 1e-4 in one place: the matrix product in single precision sees nothing of it.
        Population training = Made.Flat(2000, 60, 416), moved = training.Select([7, 8]);
        double[] by = [1e-4, 3e-3];
        for (int i = 0; i < 2; i++) moved.Row(i)[11] += (float)by[i];
        double[] expected = [.. by.Select((_, i) => (double)Math.Abs(moved.Row(i)[11] - training.Row(7 + i)[11]))];
        foreach (bool ranked in new[] { true, false })
        {
            Neighbours found = OnCpu.Nearest(moved, training, Exclusion.None, ranked: ranked);
            Assert.Equal([7, 8], found.Indices);
            for (int i = 0; i < 2; i++) Assert.Equal(1, found.Distance(i) / expected[i], 1e-6);
        }
    }

    private static Population Mixed(Population parents, int[] rows, double[] weights)
    {
        var row = new float[parents.Parameters];
        for (int p = 0; p < row.Length; p++) row[p] = (float)rows.Zip(weights).Sum(w => w.Second * parents.Row(w.First)[p]);
        return new Population("made", parents.Layout, row);
    }
}
