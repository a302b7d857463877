#!/usr/bin/env bash
# Checks this program on a CUDA machine that has neither .NET nor a network.
#   benchmarks/gpu-check.sh pack FILE.tar.gz     here: a self-contained build of the program and of the engine's tests
#   benchmarks/gpu-check.sh run FILE.tar.gz DIR  there: unpacks it, runs everything below, leaves gpu-NAME-DATE.md in DIR
# What runs: doctor; every case of the table and its gradients on the GPU against float64; the same under compute-sanitizer where it is installed; a whole study on
# the GPU and on the CPU, and how far they are apart. On the CPU stand-in (WEIGHTMEM_CUDA_LIBRARIES names it) this is a rehearsal, and the table says so.
set -euo pipefail

pack() {
  cd "$(dirname "$0")/.."
  local folder
  folder=$(mktemp -d)
  trap 'rm -rf "$folder"' RETURN
  dotnet publish src/WeightMem.Cli -c Release -r linux-x64 --self-contained -v quiet --nologo -p:RunAnalyzers=false -o "$folder/bundle"
  dotnet publish tests/WeightMem.Engine.Tests -c Release -r linux-x64 --self-contained -v quiet --nologo -p:RunAnalyzers=false -o "$folder/bundle"
  cp -r data "$folder/bundle/data"
  find "$folder/bundle" -name '*.pdb' -delete
  tar -C "$folder" -czf "$1" bundle
  du -h "$1"
}

run() {
  local archive=$1 out=$2 work name table
  mkdir -p "$out"
  out=$(cd "$out" && pwd)
  work=$(mktemp -d)
  trap 'rm -rf "$work"' RETURN
  tar -C "$work" -xzf "$archive"
  cd "$work/bundle"
  export WEIGHTMEM_TESTS_ON_GPU=1 WEIGHTMEM_KERNEL_CACHE=$work/kernels
  ./weightmem doctor | tee "$work/doctor"
  name=$(sed -n 's/^cuda:0: \(.*\), compute capability.*/\1/p' "$work/doctor")
  [ -n "$name" ] || { echo "gpu-check: there is no CUDA device here"; exit 1; }
  table=$out/gpu-$(echo "$name" | tr -cs 'A-Za-z0-9' '-' | sed 's/-*$//')-$(date +%Y-%m-%d).md
  {
    echo "# Checks on $name"
    echo
    case $name in *stand-in*) printf 'This is the CPU stand-in: a rehearsal, no result of a GPU.\n\n' ;; esac
    echo '```'
    cat "$work/doctor"
    echo '```'
    echo
    echo "| check | result | seconds |"
    echo "|---|---|---|"
  } > "$table"

  check "case table" "$table" ./WeightMem.Engine.Tests -noColor -class '*CudaCaseTests'
  if command -v compute-sanitizer >/dev/null; then
    for tool in memcheck racecheck initcheck synccheck; do
      check "compute-sanitizer $tool" "$table" compute-sanitizer --tool "$tool" --error-exitcode 9 ./WeightMem.Engine.Tests -noColor -class '*CudaCaseTests'
    done
  else
    echo "| compute-sanitizer | not installed here | |" >> "$table"
  fi
  check "smoke study on the GPU" "$table" ./weightmem reproduce gpt --preset smoke --device cuda --out "$work/cuda"
  check "smoke study again, kernels cached" "$table" ./weightmem reproduce gpt --preset smoke --device cuda --out "$work/again"
  check "smoke study on the CPU" "$table" ./weightmem reproduce gpt --preset smoke --device cpu --out "$work/cpu"
  check "equal bits of the two GPU runs" "$table" cmp "$work/cuda/generated.h5" "$work/again/generated.h5"
  check "training networks, GPU against CPU" "$table" ./weightmem evaluate --training "$work/cpu/training.h5" --generated "$work/cuda/training.h5" --all-checkpoints --out "$work/compare"
  echo >> "$table"
  echo "Mean distance from a network trained on the GPU to the nearest one trained on the CPU, L2:" >> "$table"
  grep -A 12 '"generated"' "$work/compare/evaluation.json" | grep -m 1 '"mean"' | tr -d ' ,' >> "$table"
  echo "$table"
  ! grep -q FAILED "$table"
}

# name, table, command...: one line of the table, and the end of what a failure printed
check() {
  local name=$1 table=$2 start result=passed log
  shift 2
  log=$(mktemp)
  start=$(date +%s.%N)
  "$@" > "$log" 2>&1 || result="FAILED ($?): $(grep -v '^ *$' "$log" | tail -n 1 | cut -c 1-200 | tr '|' '/')"
  local total
  total=$(sed -n 's/.*Total: \([0-9]*\), Errors: \([0-9]*\), Failed: \([0-9]*\).*/, \1 tests, \3 failed/p' "$log" | tail -n 1)
  echo "| $name | $result$total | $(awk -v a="$start" -v b="$(date +%s.%N)" 'BEGIN { printf "%.1f", b - a }') |" | tee -a "$table"
  rm -f "$log"
}

case "${1:-}" in
  pack) pack "$(realpath -m "$2")" ;;
  run) run "$(realpath "$2")" "$3" ;;
  *) sed -n '2,7p' "$0" | sed 's/^# \{0,1\}//'; exit 2 ;;
esac
