using System.Text;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Text;
using WeightMem.Cuda.Kernels;

namespace WeightMem.Cuda.Generators;

/// <summary>
/// Makes a class of typed launch methods for each additional file whose name ends in ".cu". The class lies in the project's root
/// namespace with ".Kernels" appended.
/// </summary>
[Generator(LanguageNames.CSharp)]
public sealed class LaunchStubGenerator : IIncrementalGenerator
{
    private static readonly DiagnosticDescriptor BadKernel = new(
        "WMCUDA1", "Kernel declaration without launch stub", "{0}", "WeightMem.Cuda", DiagnosticSeverity.Error, isEnabledByDefault: true);

    /// <inheritdoc/>
    public void Initialize(IncrementalGeneratorInitializationContext context)
    {
        var nameSpace = context.AnalyzerConfigOptionsProvider
            .Combine(context.CompilationProvider.Select((compilation, _) => compilation.AssemblyName))
            .Select((pair, _) => pair.Left.GlobalOptions.TryGetValue("build_property.RootNamespace", out var root) && root.Length > 0
                ? root + ".Kernels"
                : (pair.Right ?? "WeightMem") + ".Kernels");
        var sources = context.AdditionalTextsProvider
            .Where(file => file.Path.EndsWith(".cu", StringComparison.Ordinal))
            .Select((file, cancellation) => (file.Path, Text: file.GetText(cancellation)?.ToString() ?? ""));
        context.RegisterSourceOutput(
            sources.Combine(nameSpace), (output, pair) => Write(output, pair.Left.Path, pair.Left.Text, pair.Right));
    }

    private static void Write(SourceProductionContext output, string path, string text, string nameSpace)
    {
        var fileName = Path.GetFileName(path);
        try
        {
            var kernels = KernelSignatures.Parse(text);
            if (kernels.Count == 0)
                return;
            var stubs = LaunchStubs.Write(fileName, nameSpace, kernels);
            output.AddSource(LaunchStubs.ClassName(fileName) + ".g.cs", SourceText.From(stubs, Encoding.UTF8));
        }
        catch (KernelSignatureException e)
        {
            var location = Location.Create(path, default, default);
            output.ReportDiagnostic(Diagnostic.Create(BadKernel, location, fileName + ": " + e.Message));
        }
    }
}
