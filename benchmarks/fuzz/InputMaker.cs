namespace WeightMem.Fuzz;

/// <summary>Makes the inputs of a target: input i is a function of the target, the seed and i, whatever was made before.</summary>
internal sealed class InputMaker
{
    private readonly Target _target;
    private readonly IReadOnlyList<byte[]> _corpus;
    private readonly List<(string Name, byte[] Content)>[] _parts;
    private readonly Draws _draws;
    private readonly Mutator _mutator;

    public InputMaker(Target target, long seed)
    {
        _target = target;
        _corpus = target.Corpus();
        _parts = [.. _corpus.Select(file => target.Container?.Open(file) ?? [])];
        _draws = new Draws(seed, target.Name);
        _mutator = new Mutator(_draws, target.Tokens);
    }

    /// <summary>Input number i: one of the sound files, damaged.</summary>
    public byte[] Make(long index)
    {
        _draws.Start(index);
        int which = _draws.Below(_corpus.Count);
        byte[] file = _corpus[which];
        if (_parts[which].Count == 0 || _draws.OneIn(3)) return _mutator.Mutate(file, _draws.Of(_corpus));

        // Damage one part, and put a sound container around it; once in eight times the container is damaged too.
        var parts = new List<(string Name, byte[] Content)>(_parts[which]);
        int damaged = Damaged(parts);
        List<(string Name, byte[] Content)> others = _draws.Of(_parts);
        byte[] other = others.Count == 0 ? [] : _draws.Of(others).Content;
        parts[damaged] = (parts[damaged].Name, _mutator.Mutate(parts[damaged].Content, other));
        byte[] closed = _target.Container!.Close(file, parts, _draws);
        return _draws.OneIn(8) ? _mutator.Mutate(closed, _draws.Of(_corpus)) : closed;
    }

    /// <summary>Most often the pickle, where there is one: the other members of a PyTorch file are plain numbers.</summary>
    private int Damaged(List<(string Name, byte[] Content)> parts)
    {
        int pickle = parts.FindIndex(p => p.Name.EndsWith("data.pkl", StringComparison.Ordinal));
        return pickle >= 0 && !_draws.OneIn(8) ? pickle : _draws.Below(parts.Count);
    }
}
