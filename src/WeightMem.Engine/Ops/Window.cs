using WeightMem.Engine.Tensors;

namespace WeightMem.Engine.Ops;

/// <summary>
/// How a kernel slides over grids: the sizes of a convolution or a pooling without its channels. Grids are channels-last, <c>[batch, height, width, channels]</c>; a
/// signal is a grid of height 1.
/// </summary>
/// <param name="Height">Height of the input.</param>
/// <param name="Width">Width of the input.</param>
/// <param name="KernelHeight">Height of the kernel.</param>
/// <param name="KernelWidth">Width of the kernel.</param>
/// <param name="StrideHeight">Rows from one place of the kernel to the next.</param>
/// <param name="StrideWidth">Columns from one place of the kernel to the next.</param>
/// <param name="PadHeight">Rows of zeros (of minus infinity for a maximum) above and below the input.</param>
/// <param name="PadWidth">Columns of them on the left and on the right.</param>
public readonly record struct Window(
    int Height, int Width, int KernelHeight, int KernelWidth, int StrideHeight = 1, int StrideWidth = 1, int PadHeight = 0, int PadWidth = 0)
{
    /// <summary>Height of the output.</summary>
    public int OutHeight => (Height + 2 * PadHeight - KernelHeight) / StrideHeight + 1;

    /// <summary>Width of the output.</summary>
    public int OutWidth => (Width + 2 * PadWidth - KernelWidth) / StrideWidth + 1;

    /// <summary>Places of the kernel.</summary>
    public int Taps => KernelHeight * KernelWidth;

    /// <summary>A square kernel over a grid <c>[batch, height, width, channels]</c>.</summary>
    public static Window Square(Tensor grid, int kernel, int stride = 1, int pad = 0) =>
        new(grid.Shape[1], grid.Shape[2], kernel, kernel, stride, stride, pad, pad);

    /// <summary>A kernel along a signal of so many places.</summary>
    public static Window Along(int length, int kernel, int stride = 1, int pad = 0) => new(1, length, 1, kernel, 1, stride, 0, pad);

    /// <summary>All of a grid at once: a global pooling.</summary>
    public static Window All(Tensor grid) => new(grid.Shape[1], grid.Shape[2], grid.Shape[1], grid.Shape[2]);

    /// <summary>The output's sizes for so many images and channels.</summary>
    public Shape Output(int batch, int channels) => (batch, OutHeight, OutWidth, channels);

    /// <summary>The input's sizes for so many images and channels.</summary>
    public Shape Input(int batch, int channels) => (batch, Height, Width, channels);

    /// <summary>Refuses a window that does not fit.</summary>
    /// <exception cref="ArgumentException">A size is not positive, or the kernel is larger than the padded input.</exception>
    public void Check(string op)
    {
        bool sound = Height > 0 && Width > 0 && KernelHeight > 0 && KernelWidth > 0 && StrideHeight > 0 && StrideWidth > 0 && PadHeight >= 0 && PadWidth >= 0
            && PadHeight < KernelHeight && PadWidth < KernelWidth && KernelHeight <= Height + 2 * PadHeight && KernelWidth <= Width + 2 * PadWidth;
        if (!sound) throw new ArgumentException($"{op}: {this} is no window on an input");
    }
}
