using WeightMem.Models.Generators.HyperRepresentations;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;
using Tensor = TorchSharp.torch.Tensor;

namespace WeightMem.Benchmarks;

/// <summary>The auto-encoder of Hyper-Representations with linear compression and bottleneck, its projection head and its losses, on libtorch, from parameters by their published names.</summary>
/// <param name="tokens">How rows are cut.</param>
/// <param name="settings">Sizes.</param>
/// <param name="deviations">Deviation of each layer.</param>
internal sealed class TorchAutoEncoder(NeuronTokens tokens, AutoEncoderSettings settings, float[] deviations)
{
    private readonly Tensor _scale = tensor([.. tokens.Layers.SelectMany((l, i) => Enumerable.Repeat(deviations[i], l.Values))]);

    public Tensor Loss(IReadOnlyDictionary<string, Tensor> p, Tensor inputs, Tensor targets)
    {
        Tensor z = Encode(p, inputs);
        long batch = z.shape[0] / 2;
        Tensor rows = cat([Head(p, z.narrow(0, 0, batch)), Head(p, z.narrow(0, batch, batch))], 0);
        rows = rows / rows.norm(1, true).clamp_min(1e-8);
        Tensor similarities = matmul(rows, rows.t()) / settings.Temperature + eye(2 * batch) * -1e9f;
        Tensor contrast = F.cross_entropy(similarities, arange(2 * batch).roll([batch], [0]));
        Tensor error = (Decode(p, z) - targets) / _scale;
        return (1 - settings.Contrast) * error.square().mean() + settings.Contrast * contrast;
    }

    public Tensor Decode(IReadOnlyDictionary<string, Tensor> p, Tensor latents)
    {
        long batch = latents.shape[0];
        Tensor h = Linear(p, latents, "decoder.nec2vec").view(batch, tokens.Count, settings.Width) + p["decoder.position_embeddings.weight"];
        h = Blocks(p, h, "decoder");
        return cat([.. tokens.Layers.Select((l, i) => Linear(p, h.narrow(1, l.First, l.Count), $"decoder.token_debeddings.layer_lst.{i}").reshape(batch, -1))], 1) * _scale;
    }

    private Tensor Encode(IReadOnlyDictionary<string, Tensor> p, Tensor rows)
    {
        long batch = rows.shape[0];
        rows = rows / _scale;
        Tensor h = cat([.. tokens.Layers.Select((l, i) => Linear(p, rows.narrow(1, l.Start, l.Values).view(batch, l.Count, l.Length), $"encoder.token_embeddings.layer_lst.{i}"))], 1);
        h = Blocks(p, h + p["encoder.position_embeddings.weight"], "encoder");
        return Linear(p, h.reshape(batch, -1), "encoder.vec2neck.0");
    }

    private Tensor Blocks(IReadOnlyDictionary<string, Tensor> p, Tensor h, string part)
    {
        for (int n = 0; n < settings.Blocks; n++)
        {
            string name = $"{part}.layers.{n}";
            Tensor x = Norm(p, h, name + ".norm_1");
            Tensor attended = F.scaled_dot_product_attention(Heads(Linear(p, x, name + ".attn.q_linear")), Heads(Linear(p, x, name + ".attn.k_linear")), Heads(Linear(p, x, name + ".attn.v_linear")));
            h = h + Linear(p, attended.transpose(1, 2).contiguous().view(h.shape), name + ".attn.out");
            h = h + Linear(p, F.relu(Linear(p, Norm(p, h, name + ".norm_2"), name + ".ff.linear_1")), name + ".ff.linear_2");
        }

        return h;
    }

    private Tensor Head(IReadOnlyDictionary<string, Tensor> p, Tensor z)
    {
        for (int i = 0; i <= settings.HeadLayers; i++)
        {
            z = F.batch_norm(Linear(p, z, $"head.{i}"), null!, null!, p[$"head.{i}.norm.weight"], p[$"head.{i}.norm.bias"], training: true);
            if (i < settings.HeadLayers) z = F.relu(z);
        }

        return z;
    }

    private Tensor Heads(Tensor x) => x.view(x.shape[0], x.shape[1], settings.Heads, settings.Width / settings.Heads).transpose(1, 2);

    private static Tensor Norm(IReadOnlyDictionary<string, Tensor> p, Tensor x, string name) =>
        p[name + ".alpha"] * (x - x.mean([-1], keepdim: true)) / (x.std(-1, unbiased: true, keepdim: true) + 1e-6) + p[name + ".bias"];

    private static Tensor Linear(IReadOnlyDictionary<string, Tensor> p, Tensor x, string name) => F.linear(x, p[name + ".weight"], p[name + ".bias"]);
}
