using System.Runtime.CompilerServices;
using WeightMem.Cuda.Kernels;
using WeightMem.Cuda.Memory;
using WeightMem.Tests;
using Xunit;
using static WeightMem.Cuda.Tests.Standin;

namespace WeightMem.Cuda.Tests;

[Collection(Standin.Collection)]
public sealed class StandinLifetimeTests
{
    [Fact]
    public void A_fault_names_the_kernel_and_everything_can_still_be_disposed()
    {
        if (!CudaStandin.IsThere())
            return;
        using (var context = CudaContext.Open())
        {
            using var stream = new CudaStream(context);
            using var loaded = Load(context);
            using var y = Upload(stream, 1, 2, 3);
            var kernels = new Kernels.VectorsKernels(loaded.Module);
            try
            {
                kernels.VectorScale(stream, LaunchConfig.For(3), y.Pointer<float>(), 2, 3);
                var error = Assert.Throws<CudaException>(() =>
                {
                    kernels.WriteUnchecked(stream, new LaunchConfig(1, 1), default);
                    stream.Synchronize();
                });
                Assert.Equal(700, error.Code);
                Assert.True(error.IsSticky);
                Assert.Equal("write_unchecked", error.SuspectedLaunches[0]);
                Assert.Equal("vector_scale", error.SuspectedLaunches[1]);
                Assert.Contains("CUDA_ERROR_ILLEGAL_ADDRESS (700)", error.Message, StringComparison.Ordinal);
                Assert.Contains("suspected launch: write_unchecked, before it vector_scale", error.Message, StringComparison.Ordinal);
                Assert.DoesNotContain('\n', error.Message);

                // As on a GPU, every later call fails with the same error, and releasing does not throw.
                Assert.Equal(700, Assert.Throws<CudaException>(stream.Synchronize).Code);
                y.Dispose();
                loaded.Dispose();
                stream.Dispose();
                context.Dispose();
            }
            finally
            {
                Standin.ResetError();
            }
        }

        using var again = CudaContext.Open();
        again.Synchronize();
    }

    [Fact]
    public void Every_driver_call_that_fails_once_is_reported_and_leaves_nothing_behind()
    {
        if (!CudaStandin.IsThere())
            return;
        using var context = CudaContext.Open();
        var before = Standin.Leaks();
        foreach (var (name, work) in (ReadOnlySpan<(string, Action)>)
            [
                ("cuStreamCreate", () => new CudaStream(context).Dispose()),
                ("cuEventCreate", () => new CudaEvent(context).Dispose()),
                ("cuMemHostAlloc", () => new PinnedBuffer(context, 16).Dispose()),
                ("cuMemGetInfo", () => context.MemoryInfo()),
                ("cuModuleLoadDataEx", () => Load(context).Dispose()),
                ("cuModuleGetFunction", () => Use(loaded => loaded.Function("vector_add"))),
            ])
        {
            // Exports carry the suffix of their version.
            Standin.FailCall(name == "cuMemGetInfo" ? "cuMemGetInfo_v2" : name, 1, 2);
            var error = Record.Exception(work);
            Standin.ResetError();
            Assert.Equal(2, Assert.IsType<CudaException>(error).Code);
            Assert.StartsWith(name, error.Message, StringComparison.Ordinal);
            work();
        }

        Assert.Equal(before, Standin.Leaks());

        void Use(Action<LoadedKernels> use)
        {
            using var loaded = Load(context);
            use(loaded);
        }
    }

    [Fact]
    public void Nothing_is_left_when_everything_was_disposed_in_any_order()
    {
        if (!CudaStandin.IsThere())
            return;
        var context = CudaContext.Open();
        var stream = new CudaStream(context);
        var loaded = Load(context);
        var y = Upload(stream, 1, 2, 3);
        var pinned = new PinnedBuffer(context, 64);
        var mark = new CudaEvent(context);
        var kernels = new Kernels.VectorsKernels(loaded.Module);
        var graph = CudaGraph.Capture(stream, () => kernels.VectorScale(stream, LaunchConfig.For(3), y.Pointer<float>(), 2, 3));
        Assert.NotEqual("", Standin.Leaks());

        // The owner first: what was made from it keeps the driver's context alive and works on.
        context.Dispose();
        context.Dispose();
        Assert.Throws<ObjectDisposedException>(context.Synchronize);
        graph.Launch(stream);
        Assert.Equal([2, 4, 6], Download(stream, y, 3));
        stream.Dispose();
        Assert.Throws<ObjectDisposedException>(stream.Synchronize);
        foreach (var last in (ReadOnlySpan<IDisposable>)[loaded, graph, mark, pinned, y, stream])
            last.Dispose();
        Assert.Throws<ObjectDisposedException>(() => loaded.Function("vector_add"));
        Assert.Throws<ObjectDisposedException>(() => kernels.VectorScaleFunction.Registers);
        Assert.Throws<ObjectDisposedException>(() => mark.IsDone);
        Assert.Equal("", Standin.Leaks());
    }

    [Fact]
    public void What_nobody_disposed_is_released_by_the_collector()
    {
        if (!CudaStandin.IsThere())
            return;
        Forget();
        for (var i = 0; i < 10 && Standin.Leaks().Length > 0; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        Assert.Equal("", Standin.Leaks());

        // Not inlined, so that no local variable keeps the objects.
        [MethodImpl(MethodImplOptions.NoInlining)]
        static void Forget()
        {
            var context = CudaContext.Open();
            var stream = new CudaStream(context);
            _ = Upload(stream, 1, 2, 3);
            _ = Load(context);
            _ = new PinnedBuffer(context, 64);
            _ = new CudaEvent(context);
            Assert.NotEqual("", Standin.Leaks());
        }
    }

    [Fact]
    public void A_launch_of_an_impossible_shape_is_refused_with_its_shape()
    {
        if (!CudaStandin.IsThere())
            return;
        using var context = CudaContext.Open();
        using var stream = new CudaStream(context);
        using var loaded = Load(context);
        using var y = Upload(stream, 1, 2, 3);
        var kernels = new Kernels.VectorsKernels(loaded.Module);
        var error = Assert.Throws<CudaException>(
            () => kernels.VectorScale(stream, new LaunchConfig(2, new Dim3(64, 64), 16), y.Pointer<float>(), 1, 3));
        Assert.Equal(1, error.Code);
        Assert.StartsWith(
            "cuLaunchKernel of 'vector_scale' with 2 x 1 x 1 blocks of 64 x 64 x 1 threads and 16 bytes of shared memory failed: ",
            error.Message, StringComparison.Ordinal);
        Assert.False(error.IsSticky);
        Assert.Equal([1, 2, 3], Download(stream, y, 3));
    }
}
