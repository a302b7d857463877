using WeightMem.Engine.Autograd;
using WeightMem.Engine.Devices;
using WeightMem.Engine.Layers;
using WeightMem.Engine.Ops;
using WeightMem.Engine.Tensors;

namespace WeightMem.Models.Generators.HyperRepresentations;

/// <summary>
/// The head that the contrastive loss sees latent vectors through: linear layers with batch normalisation and ReLU, then a linear map with batch normalisation. Trained
/// with the auto-encoder, no part of its checkpoints. Each view is normalised by itself.
/// </summary>
internal sealed class ProjectionHead : IDisposable
{
    private readonly List<Linear> _layers = [];
    private readonly List<BatchNorm?> _norms = [];

    public ProjectionHead(ParameterBuilder builder, AutoEncoderSettings settings)
    {
        int inputs = settings.Latent;
        for (int i = 0; i <= settings.HeadLayers; i++)
        {
            bool last = i == settings.HeadLayers;
            int outputs = last ? settings.HeadOutputs : settings.HeadWidth;
            _layers.Add(new Linear(builder, [$"head.{i}"], inputs, outputs, Initializer.Normal(Math.Sqrt(2.0 / inputs)), Initializer.Constant(0.01), biasDecays: true));
            _norms.Add(last || settings.HeadBatchNorm ? new BatchNorm(builder, $"head.{i}.norm", outputs) : null);
            inputs = outputs;
        }
    }

    /// <summary>Latent vectors of one view <c>[batch, latent]</c> to <c>[batch, outputs]</c>.</summary>
    public Tensor Forward(Tape tape, Tensor z)
    {
        for (int i = 0; i < _layers.Count; i++)
        {
            z = _layers[i].Forward(tape, z);
            if (_norms[i] is { } norm) z = norm.Forward(tape, z);
            if (i < _layers.Count - 1) z = tape.Activate(z, Activation.Relu);
        }

        return z;
    }

    public void Dispose()
    {
        foreach (BatchNorm? norm in _norms) norm?.Dispose();
    }

    /// <summary>Batch normalisation as in training: by the batch's own mean and biased variance, epsilon 1e-5. Layer normalisation of the transposed batch.</summary>
    private sealed class BatchNorm(ParameterBuilder builder, string name, int width) : IDisposable
    {
        private static readonly ElementwiseChain Affine = new("affine", [ChainInput.Full, ChainInput.Row, ChainInput.Row], v => v[0] * v[1] + v[2]);

        private readonly Parameter _scale = builder.Add(name + ".weight", width, Initializer.Constant(1), decays: true);
        private readonly Parameter _shift = builder.Add(name + ".bias", width, Initializer.Constant(0), decays: true);

        // Kept from step to step: a recorded step takes nothing from the host.
        private Tensor? _order, _inverse;

        public Tensor Forward(Tape tape, Tensor x)
        {
            int batch = x.Shape[0];
            if (_order?.Elements != x.Elements)
            {
                Dispose();
                (_order, _inverse) = (Swap(tape.Device, batch, width), Swap(tape.Device, width, batch));
            }

            Tensor ones = tape.Device.Empty(batch), zeros = tape.Device.Zeros(batch);
            tape.Device.Kernels.Fill(ones, 1);
            Tensor normal = tape.LayerNorm(tape.Reorder(x, _order, _inverse!, (width, batch)), ones, zeros);
            return tape.Fused(Affine, tape.Reorder(normal, _inverse!, _order, (batch, width)), _scale.Value, _shift.Value);
        }

        public void Dispose()
        {
            _order?.Dispose();
            _inverse?.Dispose();
        }

        private static Tensor Swap(Device device, int rows, int columns)
        {
            Tensor order = device.Persistent(rows * columns, DType.I32);
            order.Write<int>([.. Enumerable.Range(0, rows * columns).Select(i => i % rows * columns + i / rows)]);
            return order;
        }
    }
}
