#!/usr/bin/env bash
# Builds, tests and runs WeightMem. Needs the .NET SDK and nothing else; packages are restored on first use.
#   ./build.sh build     the program at artifacts/weightmem
#   ./build.sh test      all tests
#   ./build.sh demo      the small study of G.pt on the images in data/, into runs/gpt-small
#   ./build.sh bench     speed beside libtorch, into benchmarks/results; `bench files`: of files beside plain reads
#   ./build.sh publish   the program as one file that needs nothing, for Linux and Windows: artifacts/publish/RID; `publish RID` for one of them
#   ./build.sh pack      NuGet packages of the libraries and of the tool: artifacts/packages
#   ./build.sh format    formats the sources; with --check only looks
set -euo pipefail
cd "$(dirname "$0")"
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
quiet=(-v quiet --nologo)

build() {
  dotnet build src/WeightMem.Cli -c Release -p:RunAnalyzers=false "${quiet[@]}" -o artifacts/bin # tests and CI build with them
  ln -sf bin/weightmem artifacts/weightmem
}

command=${1:-help}
[ $# -gt 0 ] && shift
case "$command" in
  build) build; echo "artifacts/weightmem" ;;
  test) native/build.sh; dotnet test --solution WeightMem.sln -c Release --no-progress "$@" ;;
  demo) build; exec artifacts/weightmem reproduce gpt --preset small "$@" ;;
  bench) exec dotnet run -c Release --project benchmarks/WeightMem.Benchmarks -- "${@:-all}" ;;
  publish)
    [ $# -gt 0 ] || set -- linux-x64 win-x64
    for rid; do
      dotnet publish src/WeightMem.Cli -c Release -r "$rid" --self-contained -p:RunAnalyzers=false "${quiet[@]}" -o "artifacts/publish/$rid"
      ls -l "artifacts/publish/$rid" | awk 'NR > 1 { printf "%s/%s %.1f MB\n", folder, $NF, $5 / 1e6 }' folder="artifacts/publish/$rid"
    done ;;
  pack)
    # Debuggers find the sources where they are published, if that is known, else in the symbols: never in a folder of this machine.
    case "$(git remote get-url origin 2>/dev/null || true)" in https://*) published=-p:PublishRepositoryUrl=true ;; *) published="-p:PublishRepositoryUrl=false -p:EmbedAllSources=true" ;; esac
    rm -rf artifacts/packages artifacts/pack
    for project in Cuda Formats Engine Models Evaluation Cli; do
      [ $project = Cli ] && tool=true || tool=false
      # Compiled in a place of its own: what a build before left names this folder, and is not compiled anew for other options.
      dotnet pack "src/WeightMem.$project" -c Release --artifacts-path artifacts/pack -p:RunAnalyzers=false -p:ContinuousIntegrationBuild=true -p:PacksTool=$tool $published "${quiet[@]}"
    done
    rm -rf artifacts/pack
    ls artifacts/packages ;;
  format)
    # The formatter loads the solution without building it, and code that uses generated launch methods needs their generator.
    dotnet build src/WeightMem.Cuda.Generators "${quiet[@]}"
    if [ "${1:-}" = --check ]; then dotnet format WeightMem.sln --verify-no-changes; else dotnet format WeightMem.sln; fi ;;
  *) sed -n '2,10p' "$0" | sed 's/^# \{0,1\}//'; [ "$command" = help ] || exit 2 ;;
esac
