using WeightMem.Evaluation.Reports;
using WeightMem.Formats;
using WeightMem.Formats.Hdf5;
using WeightMem.Formats.Safetensors;
using WeightMem.Models.Populations;

namespace WeightMem.Evaluation.Studies;

/// <summary>Results that stages left on disk.</summary>
public static class StoredResult
{
    /// <summary>
    /// Whether a stage's result is there and whole. A damaged one is as good as none: the stage that made it runs again, to the same bits.
    /// </summary>
    /// <param name="path">An HDF5 or safetensors file.</param>
    /// <param name="note">Told, in one line, what is damaged.</param>
    /// <exception cref="FileReadException">The file is there and cannot be opened.</exception>
    public static bool IsWhole(string path, Action<string> note)
    {
        if (!File.Exists(path)) return false;
        string? damage = Path.GetExtension(path) == ".safetensors" ? SafetensorsFile.Damage(path) : Hdf5Checksum.Damage(path);
        if (damage is not null) note($"{damage}; it is made anew");
        return damage is null;
    }

    /// <summary>Reads the networks that a stage left; null when there are none, or they are damaged, and so have to be made.</summary>
    /// <param name="path">A population file.</param>
    /// <param name="note">Told, in one line, what is damaged.</param>
    /// <exception cref="FileReadException">The file is there and cannot be opened.</exception>
    public static Population? ReadPopulation(string path, Action<string> note)
    {
        if (!File.Exists(path)) return null;
        try
        {
            return PopulationFile.Read(path);
        }
        catch (FileFormatException error) when (error is not FileReadException)
        {
            note($"{error.Message}; it is made anew");
            return null;
        }
    }

    /// <summary>Reads an evaluation; null when there is none, or it is damaged or of another version, and so has to be made.</summary>
    /// <param name="path">An <c>evaluation.json</c>.</param>
    /// <param name="note">Told, in one line, what is wrong with it.</param>
    public static EvaluationDocument? ReadEvaluation(string path, Action<string> note)
    {
        if (!File.Exists(path)) return null;
        try
        {
            return EvaluationDocument.Read(path);
        }
        catch (FormatException error)
        {
            note($"{error.Message}; it is made anew");
            return null;
        }
    }
}
