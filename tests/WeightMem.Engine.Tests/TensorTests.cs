using WeightMem.Engine.Autograd;
using WeightMem.Engine.Devices.Cpu;
using WeightMem.Engine.Ops;
using WeightMem.Engine.Random;
using WeightMem.Engine.Tensors;
using Xunit;

namespace WeightMem.Engine.Tests;

public sealed class TensorTests : IDisposable
{
    private readonly CpuDevice _device = new(1) { GuardWords = true };

    public void Dispose()
    {
        Assert.Equal(0, _device.LiveBytes);
        _device.Dispose();
    }

    [Fact]
    public void A_scope_releases_what_it_owns_and_the_pool_gives_it_again()
    {
        for (int i = 0; i < 3; i++)
        {
            using Scope scope = _device.Scope();
            _device.Empty((10, 10));
            _device.Empty((10, 10));
            Assert.Equal(800, _device.LiveBytes);
        }

        Assert.Equal(2, _device.SystemAllocations);
        Assert.Equal(800, _device.PeakLiveBytes);
        _device.Trim();
        Assert.Equal(0, _device.PooledBytes);
    }

    [Fact]
    public void A_kept_tensor_outlives_its_scope()
    {
        using Scope outer = _device.Scope();
        Tensor kept;
        using (Scope inner = _device.Scope()) kept = inner.Keep(_device.From([1f, 2f], 2));
        Assert.False(kept.IsReleased);
        Assert.Equal([1f, 2f], kept.ToArray<float>());
    }

    [Fact]
    public void Views_share_memory_until_the_last_is_released()
    {
        using Scope scope = _device.Scope();
        Tensor matrix = _device.From([1f, 2f, 3f, 4f, 5f, 6f], (3, 2));
        Tensor rows = matrix.Slice(1, 2), flat = rows.Reshape(4);
        matrix.Dispose();
        matrix.Dispose();
        Assert.Equal([3f, 4f, 5f, 6f], flat.ToArray<float>());
        Assert.Throws<ObjectDisposedException>(() => matrix.Address);
        Assert.Throws<ArgumentOutOfRangeException>(() => rows.Slice(1, 2));
        Assert.Throws<ArgumentException>(() => rows.Reshape(5));
    }

    [Fact]
    public void Scopes_must_close_in_order_and_tensors_need_one()
    {
        Scope outer = _device.Scope(), inner = _device.Scope();
        Assert.Throws<InvalidOperationException>(outer.Dispose);
        inner.Dispose();
        outer.Dispose();
        Assert.Contains("scope", Assert.Throws<InvalidOperationException>(() => _device.Empty(3)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public unsafe void Guard_words_catch_a_write_past_the_end()
    {
        using var device = new CpuDevice(1) { GuardWords = true };
        Tensor tensor = device.Persistent(5, DType.F32);
        ((float*)tensor.Address)[5] = 1;
        Assert.Contains("past", Assert.Throws<InvalidOperationException>(tensor.Dispose).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Backward_releases_intermediates_as_it_goes()
    {
        using Scope scope = _device.Scope();
        Tape tape = Tape.Record(_device);
        Tensor x = tape.Watch(_device.From(new float[1000], 1000)), h = x;
        for (int i = 0; i < 20; i++) h = tape.Scale(h, 1.1);
        long before = _device.LiveBytes;
        tape.Backward(tape.Sum(h));
        Assert.True(h.IsReleased);
        Assert.True(_device.LiveBytes < before / 5, $"{_device.LiveBytes} of {before} bytes are left");
        Assert.Equal(Math.Pow(1.1, 20), x.Gradient!.ToDoubles()[7], 1e-4);
        Assert.Throws<InvalidOperationException>(() => tape.Backward(x));
    }

    [Fact]
    public void An_op_names_itself_and_both_shapes_when_they_do_not_fit()
    {
        using Scope scope = _device.Scope();
        string message = Assert.Throws<ArgumentException>(() => Tape.Inference(_device).Linear(_device.Zeros((2, 3)), _device.Zeros((4, 5)))).Message;
        Assert.Contains("linear", message, StringComparison.Ordinal);
        Assert.Contains("[2, 3]", message, StringComparison.Ordinal);
        Assert.Contains("[4, 5]", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Layouts_pack_and_unpack_states_by_name()
    {
        var layout = new ParameterLayout(("a", (2, 2)), ("b", 3));
        var row = new float[7];
        layout.Pack(row, new Dictionary<string, float[]> { ["b"] = [5, 6, 7], ["a"] = [1, 2, 3, 4] });
        Assert.Equal([1, 2, 3, 4, 5, 6, 7], row);
        Assert.Equal([5, 6, 7], layout.Unpack(row)["b"]);
        Assert.Contains("missing", Assert.Throws<ArgumentException>(() => layout.Pack(row, new Dictionary<string, float[]>())).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => new ParameterLayout(("a", 1), ("a", 2)));
    }

    [Fact]
    public void Philox_meets_its_published_vectors()
    {
        // Known answers of the authors' Random123 distribution: counter and key all zeros, and all ones.
        Assert.Equal((0x6627e8d5u, 0xe169c58du, 0xbc57ac4cu, 0x9b00dbd8u), Philox.Block(0, 0, 0, 0, 0, 0));
        const uint ones = uint.MaxValue;
        Assert.Equal((0x408f276du, 0x41c83b0eu, 0xa20bc7c6u, 0x6d5451fdu), Philox.Block(ones, ones, ones, ones, ones, ones));
    }

    [Fact]
    public void Streams_differ_by_seed_name_and_step_and_normals_are_normal()
    {
        using Scope scope = _device.Scope();
        Tensor x = _device.Empty(200_000);
        var stream = new RandomStream(1, "normals");
        Assert.NotEqual(stream.Word(0), new RandomStream(2, "normals").Word(0));
        Assert.NotEqual(stream.Word(0), new RandomStream(1, "normal").Word(0));
        Assert.NotEqual(stream.Word(0), stream.At(1).Word(0));
        _device.Kernels.Normal(x, stream);
        float[] values = x.ToArray<float>();
        double mean = values.Average(v => (double)v), variance = values.Average(v => (double)v * v), fourth = values.Average(v => Math.Pow(v, 4));
        Assert.Equal(0, mean, 0.01); // 4.5 standard errors
        Assert.Equal(1, variance, 0.016);
        Assert.Equal(3, fourth, 0.11);
        Assert.Equal([.. Enumerable.Range(0, 50)], stream.Permutation(50).Order());
    }
}
