using System.Runtime.CompilerServices;
using WeightMem.Engine.Devices.Cpu.Simd;
using WeightMem.Engine.Tensors;

namespace WeightMem.Engine.Devices.Cpu;

/// <summary>
/// Attention, one (batch, head) pair at a time in a thread's scratch memory: the keys (and values) are transposed once, then every
/// product is rows times rows with the vector running along the last dimension. Weight tokens are short (tens to hundreds), so a
/// head's probabilities fit the cache and never reach a tensor.
/// </summary>
internal sealed unsafe partial class CpuKernels<V>
{
    public void AttentionForward(Tensor y, Tensor logSumExp, Tensor qkv, int heads)
    {
        int batch = qkv.Shape[0], tokens = qkv.Shape[1], width = qkv.Shape[2] / 3;
        var job = new AttentionJob(F(y), F(logSumExp), F(qkv), tokens, width, heads);
        workers.Run(batch * heads, ref job);
    }

    public void AttentionBackward(Tensor dqkv, Tensor dy, Tensor y, Tensor logSumExp, Tensor qkv, int heads)
    {
        int batch = qkv.Shape[0], tokens = qkv.Shape[1], width = qkv.Shape[2] / 3;
        var job = new AttentionBackwardJob(F(dqkv), F(dy), F(y), F(logSumExp), F(qkv), tokens, width, heads);
        workers.Run(batch * heads, ref job);
    }

    /// <summary>Rounded up to whole registers.</summary>
    private static int Padded(int count) => (count + V.Width - 1) / V.Width * V.Width;

    private readonly struct AttentionJob(float* y, float* logSumExp, float* qkv, int tokens, int width, int heads) : IParallelJob
    {
        public void Run(int part)
        {
            int b = part / heads, h = part % heads, size = width / heads, padded = Padded(tokens);
            float* keys = qkv + (long)b * tokens * 3 * width + (long)h * size;
            float* queries = keys + width, values = keys + 2 * width;
            float* output = y + (long)b * tokens * width + (long)h * size;
            float scale = 1 / MathF.Sqrt(size);

            float* transposed = Scratch.Floats((long)size * padded + (long)tokens * padded);
            float* scores = transposed + (long)size * padded;
            Transpose(transposed, padded, keys, 3 * width, tokens, size);
            Product(scores, padded, queries, 3 * width, 1, transposed, padded, tokens, padded, size);
            for (int i = 0; i < tokens; i++)
            {
                float* row = scores + (long)i * padded;
                for (int j = 0; j < tokens; j++) row[j] *= scale;
                logSumExp[(long)part * tokens + i] = SoftmaxRow(row, row, tokens);
            }

            Product(output, width, scores, padded, 1, values, 3 * width, tokens, size, tokens);
        }
    }

    private readonly struct AttentionBackwardJob(
        float* dqkv, float* dy, float* y, float* logSumExp, float* qkv, int tokens, int width, int heads) : IParallelJob
    {
        public void Run(int part)
        {
            int b = part / heads, h = part % heads, size = width / heads, padded = Padded(tokens);
            long start = (long)b * tokens * 3 * width + (long)h * size, outStart = (long)b * tokens * width + (long)h * size;
            float* keys = qkv + start, queries = keys + width, values = keys + 2 * width;
            float* dkeys = dqkv + start, dqueries = dkeys + width, dvalues = dkeys + 2 * width;
            float scale = 1 / MathF.Sqrt(size);

            float* transposed = Scratch.Floats((long)size * padded + 2L * tokens * padded);
            float* p = transposed + (long)size * padded, ds = p + (long)tokens * padded;
            Transpose(transposed, padded, keys, 3 * width, tokens, size);
            Product(p, padded, queries, 3 * width, 1, transposed, padded, tokens, padded, size);
            Transpose(transposed, padded, values, 3 * width, tokens, size);
            Product(ds, padded, dy + outStart, width, 1, transposed, padded, tokens, padded, size);

            V vscale = V.Broadcast(scale);
            for (int i = 0; i < tokens; i++)
            {
                float* pi = p + (long)i * padded, di = ds + (long)i * padded;
                V shift = V.Broadcast(logSumExp[(long)part * tokens + i]);
                V delta = V.Broadcast(Dot(dy + outStart + (long)i * width, y + outStart + (long)i * width, size));
                for (int j = 0; j < tokens; j += V.Width)
                {
                    V probability = VectorMath<V>.Exp(V.Load(pi + j) * vscale - shift);
                    V.Store(pi + j, probability);
                    V.Store(di + j, probability * (V.Load(di + j) - delta) * vscale);
                }
            }

            Product(dqueries, 3 * width, ds, padded, 1, keys, 3 * width, tokens, size, tokens);
            Product(dkeys, 3 * width, ds, 1, padded, queries, 3 * width, tokens, size, tokens);
            Product(dvalues, 3 * width, p, 1, padded, dy + outStart, width, tokens, size, tokens);
        }
    }

    /// <summary>to[c][r] = from[r][c], with zeros from <paramref name="rows"/> to the padded length.</summary>
    private static void Transpose(float* to, int ldTo, float* from, int ldFrom, int rows, int columns)
    {
        for (int c = 0; c < columns; c++)
        {
            float* line = to + (long)c * ldTo;
            for (int r = 0; r < rows; r++) line[r] = from[(long)r * ldFrom + c];
            for (int r = rows; r < ldTo; r++) line[r] = 0;
        }
    }

    /// <summary>
    /// c[i][j] = sum over k of a[i, k] b[k][j] for small matrices in the cache; a is read with any strides, so also transposed.
    /// Four rows by two registers at a time.
    /// </summary>
    private static void Product(
        float* c, int ldc, float* a, int strideI, int strideK, float* b, int ldb, int rows, int columns, int inner)
    {
        int j = 0;
        for (; j + 2 * V.Width <= columns; j += 2 * V.Width)
        {
            int i = 0;
            for (; i + 4 <= rows; i += 4)
            {
                float* a0 = a + (long)i * strideI, a1 = a0 + strideI, a2 = a1 + strideI, a3 = a2 + strideI, bk = b + j;
                V c00 = V.Zero, c01 = V.Zero, c10 = V.Zero, c11 = V.Zero, c20 = V.Zero, c21 = V.Zero, c30 = V.Zero, c31 = V.Zero;
                for (int k = 0; k < inner; k++)
                {
                    V b0 = V.Load(bk), b1 = V.Load(bk + V.Width);
                    V s = V.Broadcast(*a0);
                    c00 = V.MultiplyAdd(s, b0, c00);
                    c01 = V.MultiplyAdd(s, b1, c01);
                    s = V.Broadcast(*a1);
                    c10 = V.MultiplyAdd(s, b0, c10);
                    c11 = V.MultiplyAdd(s, b1, c11);
                    s = V.Broadcast(*a2);
                    c20 = V.MultiplyAdd(s, b0, c20);
                    c21 = V.MultiplyAdd(s, b1, c21);
                    s = V.Broadcast(*a3);
                    c30 = V.MultiplyAdd(s, b0, c30);
                    c31 = V.MultiplyAdd(s, b1, c31);
                    a0 += strideK;
                    a1 += strideK;
                    a2 += strideK;
                    a3 += strideK;
                    bk += ldb;
                }

                float* ci = c + (long)i * ldc + j;
                V.Store(ci, c00);
                V.Store(ci + V.Width, c01);
                V.Store(ci + ldc, c10);
                V.Store(ci + ldc + V.Width, c11);
                V.Store(ci + 2L * ldc, c20);
                V.Store(ci + 2L * ldc + V.Width, c21);
                V.Store(ci + 3L * ldc, c30);
                V.Store(ci + 3L * ldc + V.Width, c31);
            }

            for (; i < rows; i++)
            {
                OneRow(c + (long)i * ldc + j, a + (long)i * strideI, strideK, b + j, ldb, V.Width, inner);
                OneRow(c + (long)i * ldc + j + V.Width, a + (long)i * strideI, strideK, b + j + V.Width, ldb, V.Width, inner);
            }
        }

        for (; j < columns; j += V.Width)
        {
            for (int i = 0; i < rows; i++)
                OneRow(c + (long)i * ldc + j, a + (long)i * strideI, strideK, b + j, ldb, Math.Min(V.Width, columns - j), inner);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void OneRow(float* c, float* a, int strideK, float* b, int ldb, int lanes, int inner)
    {
        V sum = V.Zero;
        for (int k = 0; k < inner; k++) sum = V.MultiplyAdd(V.Broadcast(a[(long)k * strideK]), V.Load(b + (long)k * ldb, lanes), sum);
        V.Store(c, lanes, sum);
    }
}
