using WeightMem.Models.Populations;

namespace WeightMem.Evaluation.Studies;

/// <summary>A zoo on disk: the training and the held-out networks, and the shards they come from until both are written.</summary>
/// <param name="Folder">The folder they are in.</param>
internal sealed record StoredZoo(string Folder)
{
    /// <summary>The training networks.</summary>
    public string Training => Path.Combine(Folder, "training.h5");

    /// <summary>The held-out networks.</summary>
    public string Heldout => Path.Combine(Folder, "heldout.h5");

    /// <summary>The folder of what is trained so far, until all is there.</summary>
    public string Shards => Path.Combine(Folder, "zoo");

    /// <summary>What an earlier run left; null where it left less than both parts, and the zoo has to be made.</summary>
    /// <param name="note">Told, in one line, what is damaged.</param>
    public (Population Training, Population Heldout)? Read(Action<string> note)
    {
        if (StoredResult.ReadPopulation(Training, note) is not { } training || StoredResult.ReadPopulation(Heldout, note) is not { } heldout) return null;
        PopulationShards.Discard(Shards); // a kill may have come before
        return (training, heldout);
    }

    /// <summary>Opens what there is of the zoo, to go on from there.</summary>
    /// <param name="note">Told, in one line, what is damaged.</param>
    public PopulationShards OpenShards(Action<string> note) => PopulationShards.Open(Shards, note);

    /// <summary>Writes both parts of a zoo that is whole; its shards are not needed any more.</summary>
    public (Population Training, Population Heldout) Write(Population training, Population heldout, PopulationShards shards)
    {
        PopulationFile.Write(Heldout, heldout);
        PopulationFile.Write(Training, training);
        shards.Delete();
        return (training, heldout);
    }
}
