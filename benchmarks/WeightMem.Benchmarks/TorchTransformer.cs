using WeightMem.Models.Generators.Gpt;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;
using Tensor = TorchSharp.torch.Tensor;

namespace WeightMem.Benchmarks;

/// <summary>The transformer of G.pt and HyperDiffusion as its authors write it, on libtorch's own autograd and attention, from parameters by their published names.</summary>
/// <param name="inputs">Size of every input token.</param>
/// <param name="outputs">Size of every decoded token.</param>
/// <param name="width">Width.</param>
/// <param name="layers">Blocks.</param>
/// <param name="heads">Heads.</param>
internal sealed class TorchTransformer(IReadOnlyList<int> inputs, IReadOnlyList<int> outputs, int width, int layers, int heads)
{
    public static TorchTransformer Of(GptModel model, GptSettings settings) => new(model.Tokens.InputSizes, model.Tokens.OutputSizes, settings.Width, settings.Layers, settings.Heads);

    /// <summary>Decoded tokens side by side <c>[batch, parameters]</c> of flat inputs.</summary>
    public Tensor Predict(IReadOnlyDictionary<string, Tensor> p, Tensor input)
    {
        var tokens = new List<Tensor>();
        long column = 0;
        for (int j = 0; j < inputs.Count; j++)
        {
            tokens.Add(F.linear(input.narrow(1, column, inputs[j]), p[$"decoder.input_parameter_projections.{j}.0.weight"]));
            column += inputs[j];
        }

        Tensor h = Norm(stack(tokens, 1), "decoder.ln_in") + p["decoder.pos_emb"];
        for (int i = 0; i < layers; i++)
        {
            string block = $"decoder.blocks.{i}";
            Tensor x = Norm(h, block + ".ln1");
            Tensor attended = F.scaled_dot_product_attention(Heads(Linear(x, block + ".attn.query")), Heads(Linear(x, block + ".attn.key")), Heads(Linear(x, block + ".attn.value")));
            h = h + Linear(attended.transpose(1, 2).contiguous().view(h.shape), block + ".attn.proj");
            h = h + Linear(F.gelu(Linear(Norm(h, block + ".ln2"), block + ".mlp.0")), block + ".mlp.2");
        }

        h = Norm(h, "decoder.ln_f");
        return cat([.. outputs.Select((_, j) => F.linear(h.select(1, j), p[$"decoder.output_parameter_projections.{j}.0.weight"]))], 1);

        Tensor Linear(Tensor x, string name) => F.linear(x, p[name + ".weight"], p[name + ".bias"]);

        Tensor Norm(Tensor x, string name) => F.layer_norm(x, [width], p[name + ".weight"], p[name + ".bias"], 1e-5);

        Tensor Heads(Tensor x) => x.view(x.shape[0], x.shape[1], heads, width / heads).transpose(1, 2);
    }
}
