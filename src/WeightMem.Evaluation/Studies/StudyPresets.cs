namespace WeightMem.Evaluation.Studies;

/// <summary>The studies by method and size.</summary>
public static class StudyPresets
{
    /// <summary>The methods.</summary>
    public static IReadOnlyList<string> Methods { get; } = ["gpt", "hyper-representations", "hyperdiffusion", "p-diff"];

    /// <summary>The sizes, smallest first.</summary>
    public static IReadOnlyList<string> Names { get; } = ["smoke", "small", "paper"];

    /// <summary>A study.</summary>
    /// <param name="method">One of <see cref="Methods"/>.</param>
    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <exception cref="ArgumentException">There is none of that name.</exception>
    public static StudyConfig Create(string method, string name)
    {
        if (!Names.Contains(name)) throw new ArgumentException($"there is no preset {name}; there are {string.Join(", ", Names)}");
        return method switch
        {
            "gpt" => GptPresets.Create(name),
            "hyper-representations" => HyperRepresentationPresets.Create(name),
            "hyperdiffusion" => HyperDiffusionPresets.Create(name),
            "p-diff" => PDiffPresets.Create(name),
            _ => throw new ArgumentException($"there is no method {method}; there are {string.Join(", ", Methods)}"),
        };
    }
}
