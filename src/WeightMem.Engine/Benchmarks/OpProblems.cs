using WeightMem.Engine.Ops;
using WeightMem.Engine.Tensors;

namespace WeightMem.Engine.Benchmarks;

/// <summary>A convolution of images or signals at one size.</summary>
/// <param name="Name">What the size is from.</param>
/// <param name="Batch">Images.</param>
/// <param name="Channels">Channels of the larger side.</param>
/// <param name="Filters">Channels of the other.</param>
/// <param name="Window">Sizes and strides.</param>
/// <param name="IsTransposed">Whether it goes from the smaller side to the larger one.</param>
public sealed record ConvolutionSize(string Name, int Batch, int Channels, int Filters, Window Window, bool IsTransposed = false)
{
    /// <summary>Shape of the filters.</summary>
    public Shape Weight => (Filters, Channels, Window.KernelHeight, Window.KernelWidth);

    /// <summary>The problem.</summary>
    public OpProblem Problem => new(
        Name, [IsTransposed ? Window.Output(Batch, Filters) : Window.Input(Batch, Channels), Weight],
        (tape, x) => IsTransposed ? tape.TransposedConvolution(x[0], x[1], null, Window) : tape.Convolution(x[0], x[1], null, Window));
}

/// <summary>The ops of the four generators and of their target networks at the sizes that they have there: what <c>bench ops</c> times, and the benchmarks beside libtorch.</summary>
public static class OpProblems
{
    /// <summary>Linear maps with bias and GELU: rows, inputs, outputs.</summary>
    public static IReadOnlyList<(string Name, int Rows, int Inputs, int Outputs)> Linears { get; } =
    [
        ("linear 128-512, bias, GELU, 32 x 12 tokens (G.pt small)", 384, 128, 512),
        ("linear 1536-6144, bias, GELU, 64 tokens (G.pt paper)", 64, 1536, 6144),
    ];

    /// <summary>Softmaxes: rows, columns.</summary>
    public static IReadOnlyList<(string Name, int Rows, int Columns)> Softmaxes { get; } =
    [
        ("softmax of 6,272 rows of 49", 6272, 49),
        ("softmax of 2,048 rows of 257", 2048, 257),
    ];

    /// <summary>Layer norms: rows, columns.</summary>
    public static IReadOnlyList<(string Name, int Rows, int Columns)> LayerNorms { get; } =
    [
        ("layer norm of 1,568 rows of 128", 1568, 128),
        ("layer norm of 256 rows of 2,880 (HyperDiffusion paper)", 256, 2880),
    ];

    /// <summary>Self-attentions: batch, tokens, width, heads.</summary>
    public static IReadOnlyList<(string Name, int Batch, int Tokens, int Width, int Heads)> Attentions { get; } =
    [
        ("attention over 49 tokens, 32 x 4 heads of 32 (Hyper-Representations small)", 32, 49, 128, 4),
        ("attention over 9 tokens, 32 x 4 heads of 32 (HyperDiffusion small)", 32, 9, 128, 4),
        ("attention over 257 tokens, 4 x 8 heads of 64 (G.pt, chunks of the paper)", 4, 257, 512, 8),
    ];

    /// <summary>Convolutions of ResNet-18 and of P-diff's models.</summary>
    public static IReadOnlyList<ConvolutionSize> Convolutions { get; } =
    [
        new("conv 3-64 7x7/2 at 224", 4, 3, 64, new(224, 224, 7, 7, 2, 2, 3, 3)),
        new("conv 64-64 3x3 at 56", 8, 64, 64, new(56, 56, 3, 3, 1, 1, 1, 1)),
        new("conv 64-128 3x3/2 at 56", 8, 64, 128, new(56, 56, 3, 3, 2, 2, 1, 1)),
        new("conv 64-128 1x1/2 at 56", 8, 64, 128, new(56, 56, 1, 1, 2, 2)),
        new("conv 128-128 3x3 at 28", 8, 128, 128, new(28, 28, 3, 3, 1, 1, 1, 1)),
        new("conv 256-256 3x3 at 14", 8, 256, 256, new(14, 14, 3, 3, 1, 1, 1, 1)),
        new("conv 512-512 3x3 at 7", 8, 512, 512, new(7, 7, 3, 3, 1, 1, 1, 1)),
        new("conv 64-64 3x3 at 4, resnet-mini", 64, 64, 64, new(4, 4, 3, 3, 1, 1, 1, 1)),
        new("signal 1-64 k7/2 at 2048", 10, 1, 64, Window.Along(2048, 7, 2, 3)),
        new("signal 64-128 k7/2 at 1024", 10, 64, 128, Window.Along(1024, 7, 2, 3)),
        new("signal 256-256 k7/2 at 256", 10, 256, 256, Window.Along(256, 7, 2, 3)),
        new("signal 64-1 k7 at 2048", 10, 64, 1, Window.Along(2048, 7, 1, 3)),
        new("signal 256-512 k7 at 128", 10, 256, 512, Window.Along(128, 7, 1, 3)),
        new("signal 512-256 k7 at 128", 10, 512, 256, Window.Along(128, 7, 1, 3)),
        new("transposed signal 256-128 k7/2 to 512", 10, 128, 256, Window.Along(512, 7, 2, 3), true),
        new("transposed signal 64-64 k7/2 to 2048", 10, 64, 64, Window.Along(2048, 7, 2, 3), true),
    ];

    /// <summary>Batch normalisations with ReLU of grids.</summary>
    public static IReadOnlyList<(string Name, Shape Grid)> BatchNorms { get; } =
    [
        ("batch norm and ReLU, 8 x 56 x 56 x 64", (8, 56, 56, 64)),
        ("batch norm and ReLU, 10 x 128 x 512", (10, 1, 128, 512)),
    ];

    /// <summary>The pooling of ResNet-18.</summary>
    public static (string Name, Window Window) MaxPool { get; } = ("max pool 3x3/2, 8 x 112 x 112 x 64", new(112, 112, 3, 3, 2, 2, 1, 1));

    /// <summary>Cross-entropies: rows, classes.</summary>
    public static (string Name, int Rows, int Classes) CrossEntropy { get; } = ("cross entropy of 8,192 rows of 10 classes", 8192, 10);

    /// <summary>The labels of <see cref="CrossEntropy"/>.</summary>
    public static int[] Labels { get; } = [.. Enumerable.Range(0, CrossEntropy.Rows).Select(i => i * 7 % CrossEntropy.Classes)];

    /// <summary>All of them.</summary>
    public static IReadOnlyList<OpProblem> All { get; } =
    [
        .. Linears.Select(l => new OpProblem(l.Name, [(l.Rows, l.Inputs), (l.Outputs, l.Inputs), l.Outputs], (tape, x) => tape.BiasedActivation(tape.Linear(x[0], x[1]), x[2], Activation.Gelu))),
        .. Softmaxes.Select(s => new OpProblem(s.Name, [(s.Rows, s.Columns)], (tape, x) => tape.Softmax(x[0]))),
        .. LayerNorms.Select(n => new OpProblem(n.Name, [(n.Rows, n.Columns), n.Columns, n.Columns], (tape, x) => tape.LayerNorm(x[0], x[1], x[2]))),
        .. Attentions.Select(a => new OpProblem(a.Name, [(a.Batch, a.Tokens, 3 * a.Width)], (tape, x) => tape.Attention(x[0], a.Heads))),
        new(CrossEntropy.Name, [(CrossEntropy.Rows, CrossEntropy.Classes)], (tape, x) => tape.CrossEntropy(x[0], tape.Device.From(Labels, CrossEntropy.Rows))),
        .. Convolutions.Select(c => c.Problem),
        .. BatchNorms.Select(n => new OpProblem(n.Name, [n.Grid, n.Grid[3], n.Grid[3]], (tape, x) => tape.BatchNorm(x[0], x[1], x[2], Activation.Relu))),
        new(MaxPool.Name, [MaxPool.Window.Input(8, 64)], (tape, x) => tape.MaxPool(x[0], MaxPool.Window)),
    ];
}
