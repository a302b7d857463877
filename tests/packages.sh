#!/usr/bin/env bash
# Uses the packages (./build.sh pack) as someone would who has only them: installs the tool from their folder and runs it, and builds a program on WeightMem.Evaluation.
set -euo pipefail
cd "$(dirname "$0")/.."
packages=$PWD/artifacts/packages
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() { echo "packages: $*" >&2; exit 1; }
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
version=$(sed -n 's|.*<Version>\(.*\)</Version>.*|\1|p' Directory.Build.props)
for name in WeightMem WeightMem.Cuda WeightMem.Engine WeightMem.Formats WeightMem.Models WeightMem.Evaluation; do
  package=$packages/$name.$version.nupkg
  [ -s "$package" ] || fail "there is no $package; ./build.sh pack makes it"
  nuspec=$(unzip -p "$package" "$name.nuspec")
  for part in '<license type="expression">MIT</license>' '<readme>README.md</readme>' '<description>' 'commit="'; do
    case $nuspec in *"$part"*) ;; *) fail "$name lacks $part" ;; esac
  done
  case $nuspec in *"$PWD"*|*'url="/'*|*'url="file:'*) fail "$name names a folder of this machine" ;; esac
  [ -n "$(unzip -p "$package" README.md)" ] || fail "$name has no read-me"
  [ "$name" = WeightMem ] && continue
  case $(unzip -l "$package") in *"lib/net10.0/$name.xml"*) ;; *) fail "$name has no documentation" ;; esac
  [ -s "$packages/$name.$version.snupkg" ] || fail "$name has no symbols"
  [ "$(unzip -p "$package" "lib/net10.0/$name.dll" | grep -ac "$PWD/src")" = 0 ] || fail "$name names a folder of this machine as that of its symbols"
done

# Debuggers find every source: published and linked, or inside of the symbols.
cat >"$work/symbols.cs" <<'PROGRAM'
using System.IO.Compression;
using System.Reflection.Metadata;
Guid embedded = new("0E8A571B-6926-466E-B4AD-8AB04611F5FE"), linked = new("CC110556-A091-4D38-9FEC-25AB9A351A6A"); // kinds of custom debug information of the portable PDB format
foreach (string package in args)
{
    using ZipArchive zip = ZipFile.OpenRead(package);
    foreach (ZipArchiveEntry entry in zip.Entries.Where(e => e.Name.EndsWith(".pdb", StringComparison.Ordinal)))
    {
        using var bytes = new MemoryStream();
        using (Stream stream = entry.Open()) stream.CopyTo(bytes);
        bytes.Position = 0;
        using var provider = MetadataReaderProvider.FromPortablePdbStream(bytes);
        MetadataReader reader = provider.GetMetadataReader();
        bool Has(EntityHandle of, Guid kind) => reader.GetCustomDebugInformation(of).Any(h => reader.GetGuid(reader.GetCustomDebugInformation(h).Kind) == kind);
        int sources = reader.Documents.Count, inside = reader.Documents.Count(d => Has(d, embedded));
        bool link = Has(EntityHandle.ModuleDefinition, linked);
        Console.WriteLine($"{(link || inside == sources ? "found" : "lost")}: {entry.Name}, {sources} sources, {inside} of them inside{(link ? ", linked" : "")}");
    }
}
PROGRAM
dotnet run "$work/symbols.cs" "$packages"/*.snupkg >"$work/log" 2>&1 || { cat "$work/log" >&2; fail "symbols cannot be read"; }
[ "$(grep -c '^found: ' "$work/log")" = 5 ] || { cat "$work/log" >&2; fail "sources are lost to debuggers"; }

# The restored packages go to a folder of their own: the user's keeps nothing of a version that is still being made.
export NUGET_PACKAGES=$work/nuget
dotnet tool install WeightMem --version "$version" --tool-path "$work/tool" --add-source "$packages" >"$work/log" 2>&1 || { cat "$work/log" >&2; fail "the tool cannot be installed"; }
case $("$work/tool/weightmem" --help) in *"Exit codes"*) ;; *) fail "the tool shows no help" ;; esac
(cd "$work" && tool/weightmem reproduce gpt --preset smoke >"$work/log" 2>&1) || { cat "$work/log" >&2; fail "the tool runs no study"; }
[ -s "$work/runs/gpt-smoke/report.html" ] || fail "the tool left no report"

mkdir "$work/consumer"
cat >"$work/consumer/consumer.csproj" <<PROJECT
<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup>
    <OutputType>Exe</OutputType>
    <TargetFramework>net10.0</TargetFramework>
    <ImplicitUsings>enable</ImplicitUsings>
    <Nullable>enable</Nullable>
    <RestoreAdditionalProjectSources>$packages</RestoreAdditionalProjectSources>
  </PropertyGroup>
  <ItemGroup><PackageReference Include="WeightMem.Evaluation" Version="$version" /></ItemGroup>
</Project>
PROJECT
cp samples/evaluation/Program.cs "$work/consumer/"
dotnet run --project "$work/consumer" -- "$work/verdict" >"$work/log" 2>&1 || { cat "$work/log" >&2; fail "a program on WeightMem.Evaluation does not run"; }
grep -q "replica" "$work/log" || { cat "$work/log" >&2; fail "it says no verdict"; }
echo "packages $version: installed, run and built upon"
