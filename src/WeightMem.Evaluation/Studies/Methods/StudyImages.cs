using System.Runtime.InteropServices;
using System.Security.Cryptography;
using WeightMem.Models.Data;

namespace WeightMem.Evaluation.Studies.Methods;

/// <summary>The images of a study: those that networks are trained on, and those that they are judged on.</summary>
internal sealed record StudyImages(ImageSet Train, ImageSet Test)
{
    /// <summary>SHA-256 of pixels and labels, by name.</summary>
    public IReadOnlyDictionary<string, string> Hashes { get; } = new Dictionary<string, string> { [Train.Name] = Hash(Train), [Test.Name] = Hash(Test) };

    /// <summary>What the report says of the data.</summary>
    public string Description => $"{Train.Name}: {Train.Count} training images; {Test.Name}: {Test.Count} test images";

    /// <summary>Loads the images that a study's configuration names, as it wants them.</summary>
    /// <exception cref="ImageSetException">They are not there or damaged.</exception>
    public static StudyImages Load(StudyContext context)
    {
        StudyConfig config = context.Config;
        (ImageSet train, ImageSet test) = ImageCatalog.Load(config.Data, context.DataFolder);
        if (config.TrainingImages > 0) train = train.Take(config.TrainingImages);
        return new StudyImages(train.AveragePool(config.Pool), test.AveragePool(config.Pool));
    }

    private static string Hash(ImageSet images)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(MemoryMarshal.AsBytes<float>(images.Pixels));
        hash.AppendData(MemoryMarshal.AsBytes<int>(images.Labels));
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
