using WeightMem.Engine.Ops;

namespace WeightMem.Engine.Devices.Reference;

/// <summary>One small convolutional network on one image in double precision, forward and backward, in the plainest loops.</summary>
internal sealed unsafe class ReferenceConvNet(ConvNet net)
{
    private readonly List<double[]> _values = []; // after each layer, the image first
    private readonly List<double[]> _before = []; // before each activation, after pooling
    private readonly List<int[]> _places = []; // for each convolution, where each output came from before pooling

    /// <summary>The logits.</summary>
    public double[] Forward(double* row, double* image)
    {
        _values.Clear();
        _before.Clear();
        _places.Clear();
        _values.Add(new ReadOnlySpan<double>(image, net.Features).ToArray());
        foreach (ConvPlane plane in net.Planes)
        {
            double[] from = _values[^1];
            double[] before = new double[plane.To];
            int[] places = new int[plane.To];
            for (int o = 0; o < plane.Outputs; o++)
            {
                for (int i = 0; i < plane.ToHeight * plane.ToWidth; i++)
                {
                    int y = i / plane.ToWidth, x = i % plane.ToWidth, at = o * plane.ToHeight * plane.ToWidth + i, window = plane.Pools ? 2 : 1;
                    before[at] = double.NegativeInfinity;
                    for (int p = 0; p < window * window; p++)
                    {
                        int atY = window * y + p / window, atX = window * x + p % window;
                        double sum = row[plane.Offset + plane.Weights + o];
                        for (int k = 0; k < plane.Inputs * plane.Kernel * plane.Kernel; k++)
                            sum += row[plane.Offset + o * plane.Inputs * plane.Kernel * plane.Kernel + k] * from[Source(plane, k, atY, atX)];
                        if (sum > before[at] || double.IsNaN(sum)) (before[at], places[at]) = (sum, atY * plane.OutWidth + atX);
                    }
                }
            }

            _places.Add(places);
            Push(before, net.Activation);
        }

        foreach (DenseLayer layer in net.Layers)
        {
            double[] from = _values[^1], before = new double[layer.Outputs];
            for (int u = 0; u < layer.Outputs; u++)
            {
                before[u] = row[layer.Offset + layer.Weights + u];
                for (int k = 0; k < layer.Inputs; k++) before[u] += row[layer.Offset + u * layer.Inputs + k] * from[k];
            }

            Push(before, layer == net.Layers[^1] ? Activation.Identity : net.Activation);
        }

        return _values[^1];
    }

    /// <summary>Adds the gradient of the image of the last <see cref="Forward"/>, given the logits' gradient.</summary>
    public void Backward(double* gradient, double* row, double[] slope)
    {
        for (int l = net.Layers.Length - 1; l >= 0; l--)
        {
            DenseLayer layer = net.Layers[l];
            double[] from = _values[net.Planes.Length + l], passed = new double[layer.Inputs];
            for (int u = 0; u < layer.Outputs; u++)
            {
                gradient[layer.Offset + layer.Weights + u] += slope[u];
                for (int k = 0; k < layer.Inputs; k++)
                {
                    gradient[layer.Offset + u * layer.Inputs + k] += slope[u] * from[k];
                    passed[k] += slope[u] * row[layer.Offset + u * layer.Inputs + k];
                }
            }

            slope = ThroughActivation(passed, _before[net.Planes.Length + l - 1]);
        }

        for (int c = net.Planes.Length - 1; c >= 0; c--)
        {
            ConvPlane plane = net.Planes[c];
            double[] from = _values[c], passed = new double[plane.From];
            int area = plane.ToHeight * plane.ToWidth, filter = plane.Inputs * plane.Kernel * plane.Kernel;
            for (int at = 0; at < plane.To; at++)
            {
                int o = at / area, place = _places[c][at];
                gradient[plane.Offset + plane.Weights + o] += slope[at];
                for (int k = 0; k < filter; k++)
                {
                    int source = Source(plane, k, place / plane.OutWidth, place % plane.OutWidth);
                    gradient[plane.Offset + o * filter + k] += slope[at] * from[source];
                    passed[source] += slope[at] * row[plane.Offset + o * filter + k];
                }
            }

            if (c > 0) slope = ThroughActivation(passed, _before[c - 1]);
        }
    }

    private static int Source(in ConvPlane plane, int k, int y, int x)
    {
        int area = plane.Kernel * plane.Kernel, channel = k / area, ky = k % area / plane.Kernel, kx = k % plane.Kernel;
        return (channel * plane.Height + y + ky) * plane.Width + x + kx;
    }

    private void Push(double[] before, Activation activation)
    {
        _before.Add(before);
        _values.Add(Array.ConvertAll(before, v => Activations.Value(activation, v)));
    }

    private double[] ThroughActivation(double[] slope, double[] before)
    {
        for (int i = 0; i < slope.Length; i++) slope[i] *= Activations.Slope(net.Activation, before[i]);
        return slope;
    }
}
