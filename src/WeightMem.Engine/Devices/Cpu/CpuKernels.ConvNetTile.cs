using WeightMem.Engine.Ops;

namespace WeightMem.Engine.Devices.Cpu;

internal sealed unsafe partial class CpuKernels<V>
{
    /// <summary>
    /// One register's width of images on their way through a network and back, in the scratch memory of the thread. Value e of every array is one register: its
    /// lanes are the images. A layer's values are kept before and after its activation.
    /// </summary>
    private readonly ref struct ConvNetTile
    {
        private readonly ConvNet _net;
        private readonly float* _before, _values, _places, _images, _slopes, _spread, _gradient;
        private readonly int _widest;

        public ConvNetTile(ConvNet net, bool forTraining)
        {
            _net = net;
            int values = 0, spread = 0;
            _widest = net.Classes;
            foreach (ConvPlane plane in net.Planes)
            {
                values += plane.To;
                _widest = Math.Max(_widest, plane.To);
                spread = Math.Max(spread, plane.Outputs * SpreadHeight(plane) * SpreadWidth(plane));
            }

            foreach (DenseLayer layer in net.Layers)
            {
                values += layer.Outputs;
                _widest = Math.Max(_widest, layer.Outputs);
            }

            long training = forTraining ? values + net.Features + 2L * _widest + spread + net.Parameters : 0;
            float* at = Scratch.Floats((2L * values + training) * V.Width);
            _before = Next(ref at, values);
            _values = Next(ref at, values);
            _places = _images = _slopes = _spread = _gradient = null;
            if (!forTraining) return;
            _places = Next(ref at, values);
            _images = Next(ref at, net.Features);
            _slopes = Next(ref at, 2 * _widest);
            _spread = Next(ref at, spread);
            _gradient = Next(ref at, net.Parameters);
        }

        private int Depth => _net.Planes.Length + _net.Layers.Length;

        /// <summary>Brings images by their index into the lanes; lanes without one get the first again.</summary>
        public float* Gather(float* images, int* index, int lanes)
        {
            for (int lane = 0; lane < V.Width; lane++)
            {
                float* from = images + (long)index[lane < lanes ? lane : 0] * _net.Features, to = _images + lane;
                for (int f = 0; f < _net.Features; f++) to[f * V.Width] = from[f];
            }

            return _images;
        }

        /// <summary>The logits of a tile, <c>[class, lane]</c>.</summary>
        public float* Forward(float* row, float* image)
        {
            for (int i = 0; i < Depth; i++)
            {
                float* from = i == 0 ? image : _values + At(i - 1), before = _before + At(i);
                if (i < _net.Planes.Length)
                {
                    ConvPlane plane = _net.Planes[i];
                    if (plane.Pools) ConvolveAndPool(plane, before, _places == null ? null : _places + At(i), from, row + plane.Offset);
                    else Convolve(plane, before, from, row + plane.Offset);
                }
                else
                {
                    DenseLayer layer = _net.Layers[i - _net.Planes.Length];
                    DenseForward(layer, before, from, row + layer.Offset);
                }

                Activate(i < Depth - 1 ? _net.Activation : Activation.Identity, _values + At(i), before, Size(i) * V.Width);
            }

            return _values + At(Depth - 1);
        }

        public void ClearGradient() => new Span<float>(_gradient, _net.Parameters * V.Width).Clear();

        /// <summary>Adds the gradient of the tile that <see cref="Forward"/> ran last, from the slope of its logits.</summary>
        public void Backward(float* row, float* logitSlope)
        {
            float* slope = logitSlope, passed = _slopes;
            for (int i = Depth - 1; i >= 0; i--)
            {
                float* from = i == 0 ? _images : _values + At(i - 1);
                if (i < _net.Planes.Length)
                {
                    ConvPlane plane = _net.Planes[i];
                    Spread(plane, _spread, slope, _places + At(i));
                    FilterGradient(plane, _gradient + (long)plane.Offset * V.Width, _spread, slope, from);
                    if (i > 0) InputGradient(plane, passed, _spread, row + plane.Offset);
                }
                else
                {
                    DenseLayer layer = _net.Layers[i - _net.Planes.Length];
                    DenseBackward(layer, _gradient + (long)layer.Offset * V.Width, passed, slope, from, row + layer.Offset);
                }

                if (i == 0) return;
                float* before = _before + At(i - 1);
                Derive(_net.Activation, before, before, Size(i - 1) * V.Width); // nobody needs the value itself any more
                Loop(passed, passed, before, Size(i - 1) * V.Width, default(ProductOf));
                slope = passed;
                passed = slope == _slopes ? _slopes + (long)_widest * V.Width : _slopes;
            }
        }

        /// <summary>The gradient summed over the lanes, in their order.</summary>
        public void StoreGradient(float* gradient)
        {
            for (int i = 0; i < _net.Parameters; i++)
            {
                float sum = 0;
                for (int lane = 0; lane < V.Width; lane++) sum += _gradient[(long)i * V.Width + lane];
                gradient[i] = sum;
            }
        }

        private static float* Next(ref float* at, int registers)
        {
            float* here = at;
            at += (long)registers * V.Width;
            return here;
        }

        private int Size(int layer) => layer < _net.Planes.Length ? _net.Planes[layer].To : _net.Layers[layer - _net.Planes.Length].Outputs;

        private long At(int layer)
        {
            long at = 0;
            for (int i = 0; i < layer; i++) at += Size(i);
            return at * V.Width;
        }
    }
}
