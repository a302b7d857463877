using WeightMem.Engine.Tensors;
using WeightMem.Models.Generators.Gpt;
using static TorchSharp.torch;
using Tensor = TorchSharp.torch.Tensor;

namespace WeightMem.Benchmarks;

/// <summary>The published model, written as its authors write it, on libtorch's own autograd, attention and AdamW.</summary>
internal sealed class TorchGpt : IDisposable
{
    private readonly Dictionary<string, TorchSharp.Modules.Parameter> _parameters = [];
    private readonly GptTokens _tokens;
    private readonly GptSettings _settings;
    private readonly Tensor _input, _start, _target;
    private readonly optim.Optimizer _optimizer;

    public TorchGpt(GptModel model, GptSettings settings, PairBatch batch, float[] input)
    {
        _tokens = model.Tokens;
        _settings = settings;
        Dictionary<string, float[]> state = model.State(average: false);
        foreach (ParameterEntry entry in model.Layout.Entries)
            _parameters[entry.Name] = nn.Parameter(tensor(state[entry.Name], [.. entry.Shape.Select(s => (long)s)]));
        _input = tensor(input, settings.Batch, _tokens.InputColumns);
        _start = tensor(batch.Start, settings.Batch, _tokens.Parameters);
        _target = tensor(batch.Target, settings.Batch, _tokens.Parameters);
        _optimizer = optim.AdamW(_parameters.Values, 1e-9, weight_decay: 0);
    }

    public void Forward()
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        Predict();
    }

    public void TrainStep()
    {
        using var scope = NewDisposeScope();
        using var recording = enable_grad();
        _optimizer.zero_grad();
        nn.functional.mse_loss(Predict(), _target).backward();
        nn.utils.clip_grad_norm_(_parameters.Values, 0.75);
        _optimizer.step();
    }

    /// <summary>Largest difference of the outputs and of one gradient, relative to their largest values.</summary>
    public double Error(float[] output, float[] gradient, string name)
    {
        using var scope = NewDisposeScope();
        using var recording = enable_grad();
        _optimizer.zero_grad();
        Tensor predicted = Predict();
        nn.functional.mse_loss(predicted, _target).backward();
        return Math.Max(Relative(output, predicted.detach().data<float>().ToArray()), Relative(gradient, _parameters[name].grad!.data<float>().ToArray()));
    }

    public void Dispose()
    {
        _optimizer.Dispose();
        foreach (TorchSharp.Modules.Parameter parameter in _parameters.Values) parameter.Dispose();
        _input.Dispose();
        _start.Dispose();
        _target.Dispose();
    }

    private static double Relative(float[] expected, float[] found) =>
        expected.Zip(found, (e, f) => Math.Abs((double)e - f)).Max() / expected.Max(Math.Abs);

    private Tensor Predict()
    {
        var tokens = new List<Tensor>();
        long column = 0;
        for (int j = 0; j < _tokens.InputSizes.Count; j++)
        {
            tokens.Add(nn.functional.linear(_input.narrow(1, column, _tokens.InputSizes[j]), _parameters[$"decoder.input_parameter_projections.{j}.0.weight"]));
            column += _tokens.InputSizes[j];
        }

        Tensor h = Norm(stack(tokens, 1), "decoder.ln_in") + _parameters["decoder.pos_emb"];
        for (int i = 0; i < _settings.Layers; i++)
        {
            string block = $"decoder.blocks.{i}";
            Tensor x = Norm(h, block + ".ln1");
            Tensor attended = nn.functional.scaled_dot_product_attention(
                Heads(Linear(x, block + ".attn.query")), Heads(Linear(x, block + ".attn.key")), Heads(Linear(x, block + ".attn.value")));
            h = h + Linear(attended.transpose(1, 2).contiguous().view(h.shape), block + ".attn.proj");
            h = h + Linear(nn.functional.gelu(Linear(Norm(h, block + ".ln2"), block + ".mlp.0")), block + ".mlp.2");
        }

        h = Norm(h, "decoder.ln_f");
        var pieces = _tokens.OutputSizes.Select((_, j) => nn.functional.linear(h.select(1, j), _parameters[$"decoder.output_parameter_projections.{j}.0.weight"]));
        return cat([.. pieces], 1) + _start;
    }

    private Tensor Linear(Tensor x, string name) => nn.functional.linear(x, _parameters[name + ".weight"], _parameters[name + ".bias"]);

    private Tensor Norm(Tensor x, string name) =>
        nn.functional.layer_norm(x, [_settings.Width], _parameters[name + ".weight"], _parameters[name + ".bias"], 1e-5);

    private Tensor Heads(Tensor x) =>
        x.view(x.shape[0], x.shape[1], _settings.Heads, _settings.Width / _settings.Heads).transpose(1, 2);
}
