using WeightMem.Cuda.Libraries;
using Xunit;

namespace WeightMem.Cuda.Tests;

public sealed class LibraryLocatorTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("weightmem-libraries-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Where_nothing_is_installed_every_name_that_was_tried_is_listed()
    {
        var report = Locate(new InstalledLibraries());

        Assert.All(report.Searches, search => Assert.Null(search.Found));
        Assert.Equal("Driver: not found; tried libcuda.so.1 (no such file), libcuda.so (no such file)", report.Line(CudaLibrary.Driver));
        Assert.Equal(
            ["libnvrtc.so.13", "libnvrtc.so.12", "libnvrtc.so.11.2", "libnvrtc.so"],
            report[CudaLibrary.Nvrtc].Attempts.Select(attempt => attempt.Name));
        Assert.Equal(
            ["libcublas.so.13", "libcublas.so.12", "libcublas.so.11", "libcublas.so"],
            report[CudaLibrary.Cublas].Attempts.Select(attempt => attempt.Name));
        Assert.Equal(5, report.ToString().Split('\n').Length);
    }

    [Fact]
    public void Windows_has_its_own_names()
    {
        var report = Locate(new InstalledLibraries(), windows: true);
        string[] expected =
        [
            "nvcuda.dll", "nvrtc64_130_0.dll", "nvrtc64_120_0.dll", "nvrtc64_112_0.dll", "cublas64_13.dll", "cublas64_12.dll",
            "cublas64_11.dll", "cublasLt64_13.dll", "cublasLt64_12.dll", "cublasLt64_11.dll",
        ];
        Assert.Equal(expected, report.Searches.SelectMany(search => search.Attempts).Select(attempt => attempt.Name));
    }

    [Fact]
    public void The_toolkit_is_not_newer_than_the_driver()
    {
        var report = Locate(new InstalledLibraries
        {
            ["libcuda.so.1"] = "12.4",
            ["libnvrtc.so.13"] = "13.0",
            ["libnvrtc.so.12"] = "12.8",
            ["libcublas.so.13"] = "13.0",
        });

        Assert.Equal("libnvrtc.so.12", report[CudaLibrary.Nvrtc].Found?.Path);
        Assert.Null(report[CudaLibrary.Cublas].Found);
        Assert.Equal("Nvrtc: libnvrtc.so.12, version 12.8", report.Line(CudaLibrary.Nvrtc));
    }

    [Fact]
    public void Of_several_toolkits_the_most_complete_one_is_taken_whole()
    {
        var report = Locate(new InstalledLibraries
        {
            ["libcuda.so.1"] = "13.0",
            ["libnvrtc.so.13"] = "13.0",
            ["libnvrtc.so.12"] = "12.8",
            ["libcublas.so.12"] = "12.8",
            ["libcublasLt.so.12"] = "12.8",
        });

        Assert.Equal(
            ["libnvrtc.so.12", "libcublas.so.12", "libcublasLt.so.12"],
            report.Searches.Skip(1).Select(search => search.Found?.Path));
    }

    [Fact]
    public void Without_a_driver_the_compiler_is_still_found()
    {
        var report = Locate(new InstalledLibraries { ["libnvrtc.so.11.2"] = "11.8" });
        Assert.Null(report[CudaLibrary.Driver].Found);
        Assert.Equal(11, report[CudaLibrary.Nvrtc].Found?.Major);
    }

    [Fact]
    public void A_name_without_version_is_taken_only_when_the_library_is_not_too_new()
    {
        var report = Locate(new InstalledLibraries { ["libcuda.so.1"] = "12.4", ["libnvrtc.so"] = "13.0" });
        Assert.Null(report[CudaLibrary.Nvrtc].Found);
        Assert.Contains("libnvrtc.so (version 13.0 is newer than the driver)", report.Line(CudaLibrary.Nvrtc), StringComparison.Ordinal);

        report = Locate(new InstalledLibraries { ["libcuda.so.1"] = "13.0", ["libnvrtc.so"] = "13.0", ["libcublas.so"] = "12.0" });
        Assert.Equal("12.0", report[CudaLibrary.Cublas].Found?.Version);
        Assert.Contains("libnvrtc.so (is version 13.0, not 12)", report.Line(CudaLibrary.Nvrtc), StringComparison.Ordinal);
    }

    [Fact]
    public void A_library_that_is_of_another_version_than_its_name_is_refused()
    {
        var report = Locate(new InstalledLibraries { ["libnvrtc.so.13"] = "12.1" });
        Assert.Null(report[CudaLibrary.Nvrtc].Found);
        Assert.Contains("libnvrtc.so.13 (is version 12.1, not 13)", report.Line(CudaLibrary.Nvrtc), StringComparison.Ordinal);
    }

    [Fact]
    public void Folders_of_toolkits_and_of_python_packages_are_searched()
    {
        var nvrtc = Place("env", "lib", "python3.12", "site-packages", "nvidia", "cuda_nvrtc", "lib", "libnvrtc.so.12");
        var cublas = Place("toolkit", "lib64", "libcublas.so.12");
        var report = new LibraryLocator(
            Variables(("VIRTUAL_ENV", Path.Combine(_folder, "env")), ("CUDA_HOME", Path.Combine(_folder, "toolkit"))), windows: false,
            new InstalledLibraries { [nvrtc] = "12.8", [cublas] = "12.8" }).Locate();

        Assert.Equal(nvrtc, report[CudaLibrary.Nvrtc].Found?.Path);
        Assert.Equal(cublas, report[CudaLibrary.Cublas].Found?.Path);
        Assert.Contains(Path.GetDirectoryName(cublas)!, report.Folders);
    }

    [Fact]
    public void One_variable_names_one_file_for_all_libraries()
    {
        var installed = new InstalledLibraries { ["/all.so"] = "12.8", ["libcuda.so.1"] = "12.4" };
        var report = new LibraryLocator(Variables(("WEIGHTMEM_CUDA_LIBRARIES", "/all.so")), windows: false, installed).Locate();
        Assert.All(report.Searches, search => Assert.Equal("/all.so", search.Found?.Path));

        // A wrong override must not fall back to another library behind the user's back.
        report = new LibraryLocator(Variables(("WEIGHTMEM_CUDA_LIBRARIES", "/wrong.so")), windows: false, installed).Locate();
        Assert.All(report.Searches, search => Assert.Null(search.Found));
        Assert.Equal("Driver: not found; tried /wrong.so (no such file)", report.Line(CudaLibrary.Driver));
    }

    [Fact]
    public void A_variable_names_the_file_of_one_library()
    {
        var installed = new InstalledLibraries { ["/my.so"] = "11.8", ["libcuda.so.1"] = "12.4", ["libcublas.so.12"] = "12.8" };
        foreach (var (variable, library) in (ReadOnlySpan<(string, CudaLibrary)>)
            [
                ("WEIGHTMEM_LIBCUDA", CudaLibrary.Driver), ("WEIGHTMEM_LIBNVRTC", CudaLibrary.Nvrtc),
                ("WEIGHTMEM_LIBCUBLAS", CudaLibrary.Cublas), ("WEIGHTMEM_LIBCUBLASLT", CudaLibrary.CublasLt),
            ])
        {
            var report = new LibraryLocator(Variables((variable, "/my.so")), windows: false, installed).Locate();
            Assert.Equal([library], report.Searches.Where(search => search.Found?.Path == "/my.so").Select(search => search.Library));
        }
    }

    [Fact]
    public void The_systems_loader_says_in_one_line_why_a_file_was_not_taken()
    {
        var text = Path.Combine(_folder, "libtext.so");
        File.WriteAllText(text, "this is not a library");
        var missing = Path.Combine(_folder, "libmissing.so");
        var report = new LibraryLocator(
            Variables(
                ("WEIGHTMEM_LIBCUDA", text), ("WEIGHTMEM_LIBNVRTC", missing), ("WEIGHTMEM_LIBCUBLAS", missing),
                ("WEIGHTMEM_LIBCUBLASLT", missing)),
            OperatingSystem.IsWindows(), new NativeLibraryLoader()).Locate();

        Assert.All(report.Searches, search => Assert.Null(search.Found));
        var attempt = Assert.Single(report[CudaLibrary.Driver].Attempts);
        Assert.Equal(text, attempt.Name);
        Assert.NotEmpty(attempt.Reason);
        Assert.DoesNotContain('\n', attempt.Reason);
        var notThere = Assert.Single(report[CudaLibrary.Nvrtc].Attempts);
        Assert.NotEqual(attempt.Reason, notThere.Reason);
        if (OperatingSystem.IsLinux())
            Assert.Equal("no such file", notThere.Reason);
    }

    private static LibraryReport Locate(InstalledLibraries installed, bool windows = false) =>
        WithoutFolders(new LibraryLocator(_ => null, windows, installed).Locate());

    // A machine that has CUDA in a usual folder must not change what these tests see.
    private static LibraryReport WithoutFolders(LibraryReport report) =>
        report with
        {
            Searches =
            [
                .. report.Searches.Select(search => search with
                {
                    Attempts = [.. search.Attempts.Where(attempt => !Path.IsPathRooted(attempt.Name))],
                }),
            ],
        };

    private static Func<string, string?> Variables(params (string Name, string Value)[] variables) =>
        name => Array.Find(variables, variable => variable.Name == name).Value;

    private string Place(params string[] parts)
    {
        var path = Path.Combine([_folder, .. parts]);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, "");
        return path;
    }

    /// <summary>A loader that knows some names and the version of each.</summary>
    private sealed class InstalledLibraries : Dictionary<string, string>, ILibraryLoader
    {
        private readonly List<string> _loaded = [];

        public nint Load(string name)
        {
            if (!ContainsKey(name))
                throw new DllNotFoundException(
                    $"Unable to load '{name}':\n{name}: cannot open shared object file: No such file or directory");
            _loaded.Add(name);
            return _loaded.Count;
        }

        public string Version(CudaLibrary library, nint handle) => this[_loaded[(int)handle - 1]];
    }
}
