using WeightMem.Engine.Ops;
using WeightMem.Engine.Tensors;

namespace WeightMem.Engine.Devices.Reference;

internal sealed unsafe partial class ReferenceKernels
{
    public void FieldLogits(Tensor logits, Tensor weights, Tensor points, FieldNet net)
    {
        int n = points.Shape[1];
        for (int k = 0; k < weights.Shape[0]; k++)
        {
            double* at = D(points) + (points.Shape[0] == 1 ? 0 : 3L * k * n);
            for (int p = 0; p < n; p++)
                D(logits)[(long)k * n + p] = ForwardField(D(weights) + (long)k * net.Parameters, at[3L * p], at[3L * p + 1], at[3L * p + 2], net)[^1][0];
        }
    }

    public void FieldGridLogits(Tensor logits, Tensor weights, Tensor x, Tensor y, Tensor z, FieldNet net)
    {
        long at = 0;
        for (int k = 0; k < weights.Shape[0]; k++)
        {
            for (int i = 0; i < x.Elements; i++)
            {
                for (int j = 0; j < y.Elements; j++)
                {
                    for (int l = 0; l < z.Elements; l++)
                        D(logits)[at++] = ForwardField(D(weights) + (long)k * net.Parameters, D(x)[i], D(y)[j], D(z)[l], net)[^1][0];
                }
            }
        }
    }

    public void FieldGradient(Tensor gradient, Tensor losses, Tensor weights, Tensor points, Tensor inside, Tensor index, FieldNet net)
    {
        int samples = points.Shape[1], batch = index.Shape[1];
        for (int k = 0; k < weights.Shape[0]; k++)
        {
            double* row = D(weights) + (long)k * net.Parameters, into = D(gradient) + (long)k * net.Parameters;
            for (int i = 0; i < net.Parameters; i++) into[i] = 0;
            double loss = 0;
            for (int b = 0; b < batch; b++)
            {
                long sample = (long)k * samples + I(index)[(long)k * batch + b];
                double* p = D(points) + 3 * sample;
                double[][] layers = ForwardField(row, p[0], p[1], p[2], net);
                double logit = layers[^1][0], label = D(inside)[sample];
                loss += Math.Max(logit, 0) - logit * label + Math.Log(1 + Math.Exp(-Math.Abs(logit)));
                double[] slope = [1 / (1 + Math.Exp(-logit)) - label];
                for (int layer = net.Hidden; layer >= 0; layer--)
                {
                    int inputs = net.Inputs(layer), outputs = net.Outputs(layer), offset = net.Offset(layer);
                    double[] input = layers[layer], before = new double[inputs];
                    for (int o = 0; o < outputs; o++)
                    {
                        for (int i = 0; i < inputs; i++)
                        {
                            into[offset + o * inputs + i] += slope[o] * input[i];
                            before[i] += row[offset + o * inputs + i] * slope[o];
                        }

                        into[offset + outputs * inputs + o] += slope[o];
                    }

                    slope = before;
                    for (int i = 0; i < inputs; i++)
                    {
                        if (!(input[i] > 0)) slope[i] = 0;
                    }
                }
            }

            D(losses)[k] = loss;
        }
    }

    /// <summary>The inputs of every layer and, last, the logit.</summary>
    private static double[][] ForwardField(double* row, double x, double y, double z, FieldNet net)
    {
        var layers = new double[net.Hidden + 2][];
        layers[0] = new double[FieldNet.Features];
        double[] point = [x, y, z];
        for (int d = 0; d < 3; d++)
        {
            layers[0][d] = point[d];
            for (int k = 0; k < FieldNet.Octaves; k++)
                (layers[0][3 + 6 * k + d], layers[0][6 + 6 * k + d]) = (Math.Sin(point[d] * (1 << k)), Math.Cos(point[d] * (1 << k)));
        }

        for (int layer = 0; layer <= net.Hidden; layer++)
        {
            int inputs = net.Inputs(layer), outputs = net.Outputs(layer);
            double* weight = row + net.Offset(layer);
            layers[layer + 1] = new double[outputs];
            for (int o = 0; o < outputs; o++)
            {
                double sum = weight[outputs * inputs + o];
                for (int i = 0; i < inputs; i++) sum += weight[o * inputs + i] * layers[layer][i];
                layers[layer + 1][o] = layer < net.Hidden ? Math.Max(sum, 0) : sum;
            }
        }

        return layers;
    }
}
