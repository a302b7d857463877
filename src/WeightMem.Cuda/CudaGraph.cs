using System.Runtime.InteropServices;
using WeightMem.Cuda.Interop;
using WeightMem.Cuda.Libraries;

namespace WeightMem.Cuda;

/// <summary>Recorded work that is launched as a whole. Memory it uses must stay allocated while the graph is in use.</summary>
public sealed unsafe class CudaGraph : IDisposable
{
    // 910 is GRAPH_EXEC_UPDATE_FAILURE: the new work has another shape.
    private const int UpdateFailure = 910;

    private ExecutableGraphHandle _handle;

    internal CudaGraph(CudaStream stream, RecordedGraph recorded)
    {
        Nodes = recorded.Nodes;
        _handle = Instantiate(stream, recorded);
    }

    /// <summary>Number of recorded operations.</summary>
    public int Nodes { get; private set; }

    /// <summary>Records the work that a function gives to a stream. The function runs once; nothing is executed.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="work">Launches and copies to this stream; must not wait for it.</param>
    /// <returns>The recorded work.</returns>
    /// <exception cref="CudaException">Something was recorded that cannot be, or the driver refused.</exception>
    public static CudaGraph Capture(CudaStream stream, Action work)
    {
        using var recorded = Record(stream, work);
        return new CudaGraph(stream, recorded);
    }

    /// <summary>Launches the work on a stream.</summary>
    /// <param name="stream">The stream.</param>
    /// <exception cref="CudaException">The driver refused.</exception>
    public void Launch(CudaStream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        LaunchTrace.Note("a graph");
        CudaException.Check(Driver.cuGraphLaunch(_handle.Value, stream.Enter()));
    }

    /// <summary>
    /// Records again, with other arguments or sizes. The driver's graph is updated in place where the new work has the same shape, else
    /// it is made anew.
    /// </summary>
    /// <param name="stream">The stream.</param>
    /// <param name="work">Launches and copies to this stream; must not wait for it.</param>
    /// <returns>Whether the graph was updated in place.</returns>
    /// <exception cref="CudaException">Something was recorded that cannot be, or the driver refused.</exception>
    public bool Update(CudaStream stream, Action work)
    {
        using var recorded = Record(stream, work);
        // The function is new in CUDA 12.0; before, the graph is simply made anew.
        if (CudaLibraries.TryGetExport(CudaLibrary.Driver, "cuGraphExecUpdate_v2", out var address))
        {
            UpdateInfo info;
            var result = ((delegate* unmanaged<nint, nint, UpdateInfo*, int>)address)(_handle.Value, recorded.Handle, &info);
            if (result == 0)
            {
                Nodes = recorded.Nodes;
                return true;
            }

            if (result != UpdateFailure)
                throw CudaException.OfDriver("cuGraphExecUpdate_v2", result);
        }

        var old = _handle;
        _handle = Instantiate(stream, recorded);
        Nodes = recorded.Nodes;
        old.Dispose();
        return false;
    }

    /// <summary>Destroys the graph. Never throws.</summary>
    public void Dispose() => _handle.Dispose();

    private static RecordedGraph Record(CudaStream stream, Action work)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(work);
        stream.BeginCapture();
        try
        {
            work();
        }
        catch
        {
            // The stream must not stay in capture. The caller's error says more than one of ending it.
            RecordedGraph.Abandon(stream);
            throw;
        }

        return new RecordedGraph(stream);
    }

    private static ExecutableGraphHandle Instantiate(CudaStream stream, RecordedGraph recorded)
    {
        nint executable;
        CudaException.Check(Driver.cuGraphInstantiateWithFlags(&executable, recorded.Handle, 0));
        return new ExecutableGraphHandle(stream.Handle.Context, executable);
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct UpdateInfo
    {
        public int Result;
        public nint ErrorNode;
        public nint ErrorFromNode;
    }
}

/// <summary>The driver's recording between the end of a capture and its instantiation.</summary>
internal sealed unsafe class RecordedGraph : IDisposable
{
    public RecordedGraph(CudaStream stream)
    {
        nint graph;
        CudaException.Check(Driver.cuStreamEndCapture(stream.Enter(), &graph));
        Handle = graph;
    }

    public nint Handle { get; }

    public int Nodes
    {
        get
        {
            nuint count = 0;
            CudaException.Check(Driver.cuGraphGetNodes(Handle, null, &count));
            return (int)count;
        }
    }

    public static void Abandon(CudaStream stream)
    {
        nint graph = 0;
        if (Driver.cuStreamEndCapture(stream.Enter(), &graph) == 0 && graph != 0)
            _ = Driver.cuGraphDestroy(graph);
    }

    public void Dispose() => _ = Driver.cuGraphDestroy(Handle);
}
