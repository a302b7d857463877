namespace WeightMem.Models.Zoos;

/// <summary>The published schedule of one field: a learning rate that falls when the epoch's loss no longer does, and an end (HyperDiffusion specification, section 1.4).</summary>
internal sealed class FieldPlateau(double rate)
{
    private const double Factor = 0.8, Least = 1e-5;
    private const int Patience = 10, Last = 50;

    private double _best = double.PositiveInfinity;
    private int _sinceBest, _sinceFall;

    /// <summary>The rate of the next epoch; 0 after the end, so that the weights stay.</summary>
    public double Rate { get; private set; } = rate;

    /// <summary>Whether the field is done.</summary>
    public bool Ended => Rate == 0;

    /// <summary>Tells the mean loss of an epoch.</summary>
    public void Epoch(double loss)
    {
        if (Ended) return;
        if (loss < _best)
        {
            (_best, _sinceBest, _sinceFall) = (loss, 0, 0);
            return;
        }

        _sinceBest++;
        if (++_sinceFall > Patience) (Rate, _sinceFall) = (Math.Max(Least, Rate * Factor), 0);
        if (_sinceBest >= Last) Rate = 0;
    }
}
