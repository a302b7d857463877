using WeightMem.Cuda.Kernels;
using Xunit;

namespace WeightMem.Cuda.Tests;

public sealed class KernelCompilationExceptionTests
{
    [Fact]
    public void The_message_is_one_line_with_the_first_errors()
    {
        const string log =
            "a.cu(1): warning: unused\na.cu(2): error: one\na.cu(3): error: two\r\na.cu(4): error: three\na.cu(5): error: four\n";
        var error = new KernelCompilationException("a.cu", "NVRTC_ERROR_COMPILATION", log);
        Assert.Equal(
            "a.cu did not compile (NVRTC_ERROR_COMPILATION): a.cu(2): error: one; a.cu(3): error: two; a.cu(4): error: three; and 1 more",
            error.Message);
        Assert.Equal(log, error.Log);
        Assert.Equal("a.cu", error.FileName);
    }

    [Fact]
    public void A_log_without_errors_is_shown_from_its_start() =>
        Assert.Equal(
            "a.cu did not compile (INVALID_OPTION): unknown option",
            new KernelCompilationException("a.cu", "INVALID_OPTION", "unknown option\n").Message);

    [Fact]
    public void An_empty_log_leaves_the_reason() =>
        Assert.Equal("a.cu did not compile (INTERNAL)", new KernelCompilationException("a.cu", "INTERNAL", "").Message);
}
