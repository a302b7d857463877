using System.Numerics;
using WeightMem.Cuda.Kernels;
using WeightMem.Cuda.Memory;
using Xunit;

namespace WeightMem.Cuda.Tests;

public sealed unsafe class KernelArgumentsTests
{
    [Fact]
    public void Each_argument_can_be_read_at_its_address()
    {
        var arguments = new KernelArguments();
        arguments.Add((byte)7);
        arguments.Add(new DevicePointer<float>(0x1234_5678_9abc_def0));
        arguments.Add(new Shape { A = 1, B = 2, C = 3 });
        arguments.Add(2.5f);
        arguments.Add(new Vector4(1, 2, 3, 4));
        arguments.Add(-3);

        var pointers = stackalloc void*[KernelArguments.MaxCount];
        arguments.Pointers(pointers);
        Assert.Equal(6, arguments.Count);
        Assert.Equal(7, *(byte*)pointers[0]);
        Assert.Equal(0x1234_5678_9abc_def0ul, *(ulong*)pointers[1]);
        Assert.Equal(new Shape { A = 1, B = 2, C = 3 }, *(Shape*)pointers[2]);
        Assert.Equal(2.5f, *(float*)pointers[3]);
        Assert.Equal(new Vector4(1, 2, 3, 4), *(Vector4*)pointers[4]);
        Assert.Equal(-3, *(int*)pointers[5]);
        int[] expected = [1, 8, 12, 4, 16, 4];
        for (var i = 0; i < expected.Length; i++)
            Assert.Equal(expected[i], arguments.BytesOf(i));
    }

    [Fact]
    public void Too_many_arguments_are_refused()
    {
        var arguments = new KernelArguments();
        for (var i = 0; i < KernelArguments.MaxCount; i++)
            arguments.Add(i);
        var refused = false;
        try
        {
            arguments.Add(0);
        }
        catch (ArgumentException e)
        {
            refused = e.Message.StartsWith("a launch takes at most 64 arguments of together 1024 bytes", StringComparison.Ordinal);
        }

        Assert.True(refused);
    }

    [Fact]
    public void Too_large_arguments_are_refused()
    {
        var arguments = new KernelArguments();
        arguments.Add(new Large());
        var refused = false;
        try
        {
            arguments.Add(new Large());
        }
        catch (ArgumentException)
        {
            refused = true;
        }

        Assert.True(refused);
        Assert.Equal(1, arguments.Count);
    }

    [Theory]
    [InlineData(1, 256, 1)]
    [InlineData(256, 256, 1)]
    [InlineData(257, 256, 2)]
    [InlineData(1000, 32, 32)]
    public void A_launch_for_elements_has_a_thread_for_each(long elements, int threads, uint blocks) =>
        Assert.Equal(new LaunchConfig(new Dim3(blocks), threads), LaunchConfig.For(elements, threads));

    private struct Large
    {
        public fixed byte Bytes[600];
    }

    private record struct Shape
    {
        public int A;
        public int B;
        public int C;
    }
}
