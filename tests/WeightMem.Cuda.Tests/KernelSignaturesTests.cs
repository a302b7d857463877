using WeightMem.Cuda.Kernels;
using Xunit;

namespace WeightMem.Cuda.Tests;

public sealed class KernelSignaturesTests
{
    [Fact]
    public void Reads_names_types_and_constness()
    {
        var kernels = KernelSignatures.Parse("""
            #define KERNEL extern "C" __global__ void hidden(int n)
            #define LONG_MACRO(a) \
                extern "C" __global__ void also_hidden(int n)
            /* extern "C" __global__ void commented(int n); */
            __device__ float half_of(float x) { return x / 2; } // "quote
            template <typename T> __global__ void templated(T* y);
            extern "C" __global__ void __launch_bounds__(256, 2) first(
                float* __restrict__ y, const unsigned char *x, float const* const z, // the last
                unsigned long long n, const int m, Shape shape, struct Shape other) { char c = '"'; }
            extern "C" __global__ __launch_bounds__(32 * (4 + 4)) void second() { }
            extern "C" __global__ void third(void);
            """);

        Assert.Equal(
            [
                "first(float* y, const unsigned char* x, const float* z, unsigned long long n, int m, Shape shape, Shape other)",
                "second()",
                "third()",
            ],
            kernels.Select(kernel => kernel.ToString()));
        Assert.True(kernels[0].Parameters[1].IsConst);
        Assert.False(kernels[0].Parameters[4].IsConst);
    }

    [Theory]
    [InlineData("""extern "C" __global__ int k(int n)""", "returns void, found 'int'")]
    [InlineData("""extern "C" __global__ void (int n)""", "expected a kernel's name")]
    [InlineData("""extern "C" __global__ void k(int n""", "'k' has no ')'")]
    [InlineData("""extern "C" __global__ void k(float** y)""", "'float * * y' is not a value or a single pointer")]
    [InlineData("""extern "C" __global__ void k(float& y)""", "not a value")]
    [InlineData("""extern "C" __global__ void k(float y[4])""", "not a value")]
    [InlineData("""extern "C" __global__ void k(int)""", "'int' has no name")]
    [InlineData("""extern "C" __global__ void k(unsigned int)""", "has no name")]
    [InlineData("""extern "C" __global__ void k(float*)""", "has no name")]
    [InlineData("""extern "C" __global__ void k(int a,)""", "has no name")]
    [InlineData("""extern "C" __global__ void k(volatile float* restrict y)""", "not understood")]
    [InlineData("""extern "C" __global__ void k(int a); extern "C" __global__ void k(int b);""", "'k' is declared 2 times")]
    public void Refuses_what_a_stub_cannot_express(string source, string message)
    {
        var error = Assert.Throws<KernelSignatureException>(() => KernelSignatures.Parse(source));
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
    }

    [Fact]
    public void A_source_cut_at_any_place_ends_in_a_result_or_the_typed_error()
    {
        const string source = """
            /* note */ extern "C" __global__ void k(const float* x, int n) { printf("%d\n", n); } // end
            """;
        for (var length = 0; length <= source.Length; length++)
        {
            try
            {
                Assert.InRange(KernelSignatures.Parse(source[..length]).Count, 0, 1);
            }
            catch (KernelSignatureException e)
            {
                Assert.NotEmpty(e.Message);
            }
        }
    }
}
