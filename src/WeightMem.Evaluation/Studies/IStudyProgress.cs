namespace WeightMem.Evaluation.Studies;

/// <summary>Where a study says how far it is. Implemented by the command line; studies never print.</summary>
public interface IStudyProgress
{
    /// <summary>A stage begins.</summary>
    void Stage(string name);

    /// <summary>So much of the stage is done.</summary>
    /// <param name="done">Units done.</param>
    /// <param name="total">Units in all.</param>
    /// <param name="detail">Rate and state, such as <c>loss 0.041, 512 pairs/s</c>.</param>
    void Advance(double done, double total, string detail);

    /// <summary>A line worth keeping.</summary>
    void Note(string text);
}
