using WeightMem.Models.Generators.PDiff;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace WeightMem.Benchmarks;

/// <summary>P-diff's models and the small ResNet as their definitions read, on libtorch, from parameters by their published names.</summary>
internal static class TorchPDiff
{
    public static Tensor AutoencoderLoss(IReadOnlyDictionary<string, Tensor> p, Tensor inputs, PDiffSettings settings)
    {
        int levels = settings.AutoencoderChannels.Count, pad = settings.Kernel / 2;
        Tensor x = inputs.unsqueeze(1);
        for (int i = 0; i < levels; i++)
        {
            x = F.conv1d(x, p[$"encoder.{i}.0.weight"], p[$"encoder.{i}.0.bias"], 2, pad);
            x = F.leaky_relu(Norm(x, p, $"encoder.{i}.1"), 0.01);
        }

        Tensor latent = Dense(Dense(x.flatten(1), p, "to_latent"), p, "fc_mu");
        int channels = settings.AutoencoderChannels[^1];
        x = Dense(latent, p, "to_decode").view(inputs.shape[0], channels, -1);
        for (int i = 0; i < levels; i++)
        {
            string name = i < levels - 1 ? $"decoder.{i}" : "final_layer";
            x = F.conv_transpose1d(x, p[name + ".0.weight"], p[name + ".0.bias"], 2, pad, 1);
            x = F.elu(Norm(x, p, name + ".1"), 1.0);
        }

        x = Signal(x, p["final_layer.3.weight"], p["final_layer.3.bias"]);
        return F.mse_loss(x.squeeze(1), inputs);
    }

    /// <summary>The predicted noise of latents at embedded times; batch norms by the batch, or by running statistics that have never been updated.</summary>
    public static Tensor Denoise(IReadOnlyDictionary<string, Tensor> p, Tensor latents, Tensor time, bool training)
    {
        Tensor code = Dense(F.silu(Dense(time, p, "time_embedder.mlp.0")), p, "time_embedder.mlp.2").unsqueeze(1), x = latents.unsqueeze(1);
        var skips = new Stack<Tensor>();
        for (int i = 0; i < 8; i++)
        {
            string name = i < 5 ? $"encoder_list.{i}" : $"decoder_list.{i - 5}";
            if (i >= 5) x = x + skips.Pop();
            x = Signal(x + code, p[name + ".0.weight"], p[name + ".0.bias"]);
            if (i < 7) x = F.elu(Norm(x, p, name + ".1.0", training), 1.0);
            if (i < 3) skips.Push(x);
        }

        return x.squeeze(1);
    }

    public static Tensor MiniLoss(IReadOnlyDictionary<string, Tensor> p, Tensor images, int[] labels)
    {
        Tensor x = F.relu(Norm(F.conv2d(images, p["conv1.weight"], null, [2, 2], [1, 1]), p, "bn1"));
        foreach ((string name, long stride) in new[] { ("stage1.0", 1L), ("stage2.0", 2L), ("stage3.0", 2L), ("stage3.1", 1L) })
        {
            Tensor inner = F.relu(Norm(F.conv2d(x, p[name + ".conv1.weight"], null, [stride, stride], [1, 1]), p, name + ".bn1"));
            inner = Norm(F.conv2d(inner, p[name + ".conv2.weight"], null, [1, 1], [1, 1]), p, name + ".bn2");
            Tensor shortcut = stride == 1 ? x : Norm(F.conv2d(x, p[name + ".downsample.0.weight"], null, [stride, stride], [0, 0]), p, name + ".downsample.1");
            x = F.relu(inner + shortcut);
        }

        return F.cross_entropy(Dense(x.mean([2, 3]), p, "fc"), tensor(Array.ConvertAll(labels, l => (long)l)));
    }

    /// <summary>
    /// A 1-D convolution of odd kernel that keeps the length. To a single channel it is a product and shifted sums, of the same number of operations: the data gradient of libtorch
    /// 2.10's own convolution (oneDNN, AVX-512) to one, two or three channels differs from float64 by its own size and from run to run.
    /// </summary>
    public static Tensor Signal(Tensor x, Tensor weight, Tensor? bias)
    {
        long kernel = weight.shape[2], length = x.shape[2];
        if (weight.shape[0] > 1) return F.conv1d(x, weight, bias, 1, kernel / 2);
        Tensor taps = F.pad(matmul(weight[0].t(), x), [kernel / 2, kernel / 2]), y = taps.narrow(1, 0, 1).narrow(2, 0, length);
        for (long k = 1; k < kernel; k++) y = y + taps.narrow(1, k, 1).narrow(2, k, length);
        return bias is null ? y : y + bias.view(1, 1, 1);
    }

    private static Tensor Norm(Tensor x, IReadOnlyDictionary<string, Tensor> p, string name, bool training = true) => training
        ? F.batch_norm(x, null!, null!, p[name + ".weight"], p[name + ".bias"], training: true)
        : F.batch_norm(x, zeros(x.shape[1]), ones(x.shape[1]), p[name + ".weight"], p[name + ".bias"], training: false);

    private static Tensor Dense(Tensor x, IReadOnlyDictionary<string, Tensor> p, string name) => F.linear(x, p[name + ".weight"], p[name + ".bias"]);
}
