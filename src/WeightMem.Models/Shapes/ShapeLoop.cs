using System.Runtime.ExceptionServices;

namespace WeightMem.Models.Shapes;

/// <summary>Work on many shapes at the same time. Shapes are files as often as not, so what goes wrong with one is thrown as it is.</summary>
public static class ShapeLoop
{
    /// <summary>Runs the work for 0 .. count - 1, in any order.</summary>
    /// <exception cref="OperationCanceledException">Cancelled between shapes.</exception>
    public static void For(int count, Action<int> work, CancellationToken cancellation)
    {
        try
        {
            Parallel.For(0, count, new ParallelOptions { CancellationToken = cancellation }, work);
        }
        catch (AggregateException several)
        {
            ExceptionDispatchInfo.Throw(several.InnerExceptions[0]);
        }
    }
}
