using WeightMem.Cuda.Kernels;
using WeightMem.Cuda.Libraries;
using WeightMem.Cuda.Memory;
using WeightMem.Tests;
using Xunit;
using static WeightMem.Cuda.Tests.Standin;

namespace WeightMem.Cuda.Tests;

[Collection(Standin.Collection)]
public sealed class StandinTests
{
    [Fact]
    public void The_stand_in_serves_every_library_and_says_what_it_is()
    {
        if (!CudaStandin.IsThere())
            return;
        Assert.NotNull(CudaLibraries.Nvrtc);
        Assert.True(CudaLibraries.IsStandin(CudaLibrary.Driver));
        using var context = CudaContext.Open();
        var properties = context.Properties;
        Assert.True(properties.IsStandin, properties.Name);
        Assert.Equal(32, properties.WarpSize);
        Assert.InRange(properties.Architecture, 75, 130);
        Assert.InRange(properties.Multiprocessors, 1, 1000);
        Assert.InRange(properties.SharedBytesPerBlockOptIn, properties.SharedBytesPerBlock, properties.SharedBytesPerMultiprocessor);
        var (free, total) = context.MemoryInfo();
        Assert.InRange(free, 1ul, total);
        Assert.Equal(properties.MemoryBytes, total);
        Assert.Equal(
            $"there is no CUDA device {CudaContext.DeviceCount}; the driver has {CudaContext.DeviceCount}",
            Assert.Throws<CudaUnavailableException>(() => CudaContext.Open(CudaContext.DeviceCount)).Message);
    }

    [Fact]
    public void Memory_comes_back_as_it_was_sent()
    {
        if (!CudaStandin.IsThere())
            return;
        using var context = CudaContext.Open();
        using var stream = new CudaStream(context);
        using var buffer = DeviceBuffer.Of<int>(stream, 1000);
        using var other = DeviceBuffer.Of<int>(stream, 1000);
        var sent = Enumerable.Range(0, 1000).ToArray();
        stream.CopyToDevice(buffer.Pointer<int>(), sent);
        stream.Copy(other.Pointer<int>(), buffer.Pointer<int>(), 1000);
        stream.Clear(buffer.Pointer<int>(10), 5);
        stream.Fill(buffer.Pointer<float>(15), 1.5f, 2);
        Assert.Equal(sent, Read(stream, other, 1000));
        int[] expected = [9, 0, 0, 0, 0, 0, BitConverter.SingleToInt32Bits(1.5f), BitConverter.SingleToInt32Bits(1.5f), 17];
        Assert.Equal(expected, Read(stream, buffer, 1000)[9..18]);

        using var pinned = new PinnedBuffer(context, 1000 * sizeof(int));
        sent.CopyTo(pinned.Span<int>(0, 1000));
        stream.CopyToDevice(buffer.Pointer<int>(), pinned, 500, 500);
        stream.CopyToHost<int>(pinned, 0, buffer.Pointer<int>(), 500);
        stream.Synchronize();
        Assert.Equal(sent[500..], pinned.Span<int>(0, 500).ToArray());
        Assert.Throws<ArgumentOutOfRangeException>(() => stream.CopyToHost<int>(pinned, 501, buffer.Pointer<int>(), 500));
        Assert.Throws<ArgumentOutOfRangeException>(() => buffer.Pointer<int>(1001));
    }

    [Fact]
    public void The_pool_counts_what_is_allocated()
    {
        if (!CudaStandin.IsThere())
            return;
        using var context = CudaContext.Open();
        using var stream = new CudaStream(context);
        Assert.Equal(context.Properties.HasMemoryPools, context.Pool is not null);
        if (context.Pool is not { } pool)
            return;
        pool.ReleaseThreshold = ulong.MaxValue;
        Assert.Equal(ulong.MaxValue, pool.ReleaseThreshold);
        stream.Synchronize();
        var before = pool.UsedBytes;
        var buffer = new DeviceBuffer(stream, 1 << 20);
        stream.Synchronize();
        Assert.InRange(pool.UsedBytes, before + (1 << 20), ulong.MaxValue);
        Assert.InRange(pool.UsedHighBytes, before + (1 << 20), ulong.MaxValue);
        buffer.Dispose();
        stream.Synchronize();
        Assert.Equal(before, pool.UsedBytes);
        pool.Trim();
        Assert.Throws<ObjectDisposedException>(() => buffer.Pointer<float>());
    }

    [Fact]
    public void A_vector_sum_runs_through_the_typed_launch()
    {
        if (!CudaStandin.IsThere())
            return;
        using var context = CudaContext.Open();
        using var stream = new CudaStream(context);
        using var loaded = Load(context);
        using var a = Upload(stream, 1, 2, 3);
        using var b = Upload(stream, 10, 20, 30);
        using var y = DeviceBuffer.Of<float>(stream, 3);
        var kernels = new Kernels.VectorsKernels(loaded.Module);
        kernels.VectorAdd(stream, LaunchConfig.For(3), y.Pointer<float>(), a.Pointer<float>(), b.Pointer<float>(), 3);
        kernels.VectorScale(stream, LaunchConfig.For(3, 32), y.Pointer<float>(), 0.5f, 2);
        Assert.Equal([5.5f, 11, 33], Download(stream, y, 3));
    }

    [Fact]
    public void Instances_of_a_template_are_found_by_their_expression()
    {
        if (!CudaStandin.IsThere())
            return;
        using var context = CudaContext.Open();
        using var stream = new CudaStream(context);
        using var loaded = Load(context);
        using var y = Upload(stream, 1, 2, 3);
        var arguments = new KernelArguments();
        arguments.Add(y.Pointer<float>());
        arguments.Add(3);
        loaded.Function("scale_by<float, 3>").Launch(stream, LaunchConfig.For(3), arguments);
        Assert.Equal([3, 6, 9], Download(stream, y, 3));
        Assert.NotEqual(loaded.Function("scale_by<int, -2>").Name, loaded.Function("scale_by<float, 3>").Name);
        var error = Assert.Throws<CudaException>(() => loaded.Function("absent"));
        Assert.Equal(500, error.Code);
        Assert.Contains("'absent'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Arguments_of_another_size_are_refused_before_the_launch()
    {
        if (!CudaStandin.IsThere())
            return;
        using var context = CudaContext.Open();
        using var stream = new CudaStream(context);
        using var loaded = Load(context);
        var function = loaded.Function("vector_scale");
        Assert.InRange(function.MaxThreadsPerBlock, 32, 1024);
        Assert.Equal(0, function.StaticSharedBytes);
        if (function.ParameterBytes is null)
            return;
        Assert.Equal([8, 4, 8], function.ParameterBytes);
        var error = Assert.Throws<ArgumentException>(() =>
        {
            var arguments = new KernelArguments();
            arguments.Add(default(DevicePointer<float>));
            arguments.Add(1f);
            arguments.Add(3);
            function.Launch(stream, LaunchConfig.For(3), arguments);
        });
        Assert.StartsWith("argument 2 of kernel 'vector_scale' has 8 bytes, not 4", error.Message, StringComparison.Ordinal);
        error = Assert.Throws<ArgumentException>(() => function.Launch(stream, LaunchConfig.For(3), new KernelArguments()));
        Assert.StartsWith("kernel 'vector_scale' takes 3 arguments, not 0", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Occupancy_is_asked_of_the_driver()
    {
        if (!CudaStandin.IsThere())
            return;
        using var context = CudaContext.Open();
        using var loaded = Load(context);
        var function = loaded.Function("vector_add");
        Assert.InRange(function.BlocksPerMultiprocessor(128), 1, 64);
        var (blocks, threads) = function.BestBlock();
        Assert.InRange(threads, 32, function.MaxThreadsPerBlock);
        Assert.InRange(blocks, 1, int.MaxValue);
        function.AllowSharedBytes(context.Properties.SharedBytesPerBlockOptIn);
        Assert.Throws<CudaException>(() => function.AllowSharedBytes(context.Properties.SharedBytesPerBlockOptIn + 1));
    }

    [Fact]
    public void Streams_wait_for_events_and_events_are_timed()
    {
        if (!CudaStandin.IsThere())
            return;
        using var context = CudaContext.Open();
        using var first = new CudaStream(context);
        using var second = new CudaStream(context);
        using var start = new CudaEvent(context, timing: true);
        using var end = new CudaEvent(context, timing: true);
        using var loaded = Load(context);
        using var y = Upload(first, 1, 2, 3);
        var kernels = new Kernels.VectorsKernels(loaded.Module);
        start.Record(first);
        kernels.VectorScale(first, LaunchConfig.For(3), y.Pointer<float>(), 2, 3);
        end.Record(first);
        second.Wait(end);
        kernels.VectorScale(second, LaunchConfig.For(3), y.Pointer<float>(), 10, 3);
        Assert.Equal([20, 40, 60], Download(second, y, 3));
        end.Synchronize();
        Assert.True(end.IsDone);
        Assert.InRange(end.MillisecondsSince(start), 0, float.MaxValue);
        first.Synchronize();
        Assert.True(first.IsIdle);
    }

    [Fact]
    public void A_captured_graph_runs_again_and_can_be_updated()
    {
        if (!CudaStandin.IsThere())
            return;
        using var context = CudaContext.Open();
        using var stream = new CudaStream(context);
        using var loaded = Load(context);
        using var y = Upload(stream, 1, 2, 3);
        var kernels = new Kernels.VectorsKernels(loaded.Module);
        using var graph = CudaGraph.Capture(stream, () =>
        {
            Assert.True(stream.IsCapturing);
            Scale(2);
            Scale(3);
        });
        Assert.Equal(2, graph.Nodes);
        Assert.Equal([1, 2, 3], Download(stream, y, 3));
        graph.Launch(stream);
        graph.Launch(stream);
        Assert.Equal([36, 72, 108], Download(stream, y, 3));

        Assert.True(graph.Update(stream, () =>
        {
            Scale(0.5f);
            Scale(1);
        }));
        graph.Launch(stream);
        Assert.Equal([18, 36, 54], Download(stream, y, 3));

        Assert.False(graph.Update(stream, () => Scale(0.5f)));
        Assert.Equal(1, graph.Nodes);
        graph.Launch(stream);
        Assert.Equal([9, 18, 27], Download(stream, y, 3));

        void Scale(float factor) => kernels.VectorScale(stream, LaunchConfig.For(3), y.Pointer<float>(), factor, 3);
    }

    [Fact]
    public void A_capture_that_fails_leaves_the_stream_usable()
    {
        if (!CudaStandin.IsThere())
            return;
        using var context = CudaContext.Open();
        using var stream = new CudaStream(context);
        var error = Assert.Throws<InvalidOperationException>(
            () => CudaGraph.Capture(stream, () => throw new InvalidOperationException("mine")));
        Assert.Equal("mine", error.Message);
        Assert.False(stream.IsCapturing);
        Assert.ThrowsAny<Exception>(() => CudaGraph.Capture(stream, stream.Synchronize));
        Assert.False(stream.IsCapturing);
        stream.Synchronize();
    }

    [Fact]
    public void Threads_share_a_context_without_preparing_for_it()
    {
        if (!CudaStandin.IsThere())
            return;
        using var context = CudaContext.Open();
        using var loaded = Load(context);
        var kernels = new Kernels.VectorsKernels(loaded.Module);
        var results = new float[4][];
        var threads = Enumerable.Range(0, results.Length).Select(index => new Thread(() =>
        {
            using var stream = new CudaStream(context);
            using var y = Upload(stream, 1, 2, 3);
            for (var i = 0; i < 50; i++)
                kernels.VectorScale(stream, LaunchConfig.For(3), y.Pointer<float>(), i % 2 == 0 ? 2 : 0.5f, 3);
            kernels.VectorScale(stream, LaunchConfig.For(3), y.Pointer<float>(), index, 3);
            results[index] = Download(stream, y, 3);
        })).ToArray();
        foreach (var thread in threads)
            thread.Start();
        foreach (var thread in threads)
            thread.Join();
        for (var index = 0; index < results.Length; index++)
            Assert.Equal([index, 2 * index, 3 * index], results[index]);
    }

    private static int[] Read(CudaStream stream, DeviceBuffer buffer, int count)
    {
        var values = new int[count];
        stream.CopyToHost<int>(values, buffer.Pointer<int>());
        return values;
    }
}
