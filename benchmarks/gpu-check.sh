#!/usr/bin/env bash
# Checks this program on a CUDA machine that has neither .NET nor a network.
#   benchmarks/gpu-check.sh pack FILE.tar.gz     here: a self-contained build of the program and of the engine's tests
#   benchmarks/gpu-check.sh run FILE.tar.gz DIR  there: unpacks it, runs everything below, leaves gpu-NAME-DATE.md in DIR
# What runs: doctor; every case of the table and its gradients on the GPU against float64; the same under compute-sanitizer where it is installed, each tool of which
# must first report a planted bug; a whole study on the GPU and on the CPU, and how far they are apart; cold starts; `bench kernels` with the notebooks' versions, as a
# table and as JSON beside it; the same sizes in PyTorch where python3 has it. On the CPU stand-in (WEIGHTMEM_CUDA_LIBRARIES names it) this is a rehearsal, and the table says so.
set -euo pipefail

pack() {
  cd "$(dirname "$0")/.."
  local folder
  folder=$(mktemp -d)
  trap 'rm -rf "$folder"' RETURN
  dotnet publish src/WeightMem.Cli -c Release -r linux-x64 --self-contained -v quiet --nologo -p:RunAnalyzers=false -p:PublishSingleFile=false -p:PublishTrimmed=false -p:PublishReadyToRun=false -o "$folder/bundle"
  dotnet publish tests/WeightMem.Engine.Tests -c Release -r linux-x64 --self-contained -v quiet --nologo -p:RunAnalyzers=false -o "$folder/bundle"
  cp benchmarks/gpu_torch.py "$folder/bundle/"
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
    # A tool that does not report the bug planted for it proves nothing about the rest.
    while read -r tool canary; do
      check "compute-sanitizer $tool reports its canary" "$table" reports env WEIGHTMEM_TESTS_CANARY="$canary" \
        compute-sanitizer --tool "$tool" --error-exitcode 9 ./WeightMem.Engine.Tests -noColor -method '*A_canary_runs_where_one_is_asked_for'
    done <<< $'memcheck out_of_bounds\nracecheck missing_barrier\ninitcheck uninitialised\nsynccheck divergent_barrier'
    for tool in memcheck racecheck initcheck synccheck; do
      check "compute-sanitizer $tool" "$table" compute-sanitizer --tool "$tool" --error-exitcode 9 ./WeightMem.Engine.Tests -noColor -class '*CudaCaseTests'
    done
  else
    echo "| compute-sanitizer | not installed here | |" >> "$table"
  fi
  check "versions of the notebooks, and what is timed" "$table" ./WeightMem.Engine.Tests -noColor -class '*KernelBenchTests' -class '*CanaryTests'
  local tiny=(./weightmem bench kernels --device cuda --filter "Add ships")
  check "cold start: no kernel in the cache" "$table" env WEIGHTMEM_KERNEL_CACHE="$work/cold" "${tiny[@]}"
  check "start: kernels cached" "$table" env WEIGHTMEM_KERNEL_CACHE="$work/cold" "${tiny[@]}"
  # The variable that names the stand-in names all libraries at once: there is no way to hide one of them beside it.
  if [ -z "${WEIGHTMEM_CUDA_LIBRARIES:-}" ]; then
    check "start: shipped PTX, no NVRTC" "$table" env WEIGHTMEM_LIBNVRTC=/hidden "${tiny[@]}"
    check "start: driver alone, no NVRTC and no cuBLAS" "$table" env WEIGHTMEM_LIBNVRTC=/hidden WEIGHTMEM_LIBCUBLAS=/hidden WEIGHTMEM_LIBCUBLASLT=/hidden "${tiny[@]}"
    check "every kernel of the shipped PTX" "$table" env WEIGHTMEM_LIBNVRTC=/hidden ./weightmem bench kernels --device cuda
    check "cases on the driver alone" "$table" env WEIGHTMEM_LIBNVRTC=/hidden WEIGHTMEM_LIBCUBLAS=/hidden WEIGHTMEM_LIBCUBLASLT=/hidden \
      ./WeightMem.Engine.Tests -noColor -method '*A_handful_of_cases_agree_with_the_reference'
  fi
  check "smoke study on the GPU" "$table" ./weightmem reproduce gpt --preset smoke --device cuda --out "$work/cuda"
  check "smoke study again, kernels cached" "$table" ./weightmem reproduce gpt --preset smoke --device cuda --out "$work/again"
  check "smoke study on the CPU" "$table" ./weightmem reproduce gpt --preset smoke --device cpu --out "$work/cpu"
  check "equal bits of the two GPU runs" "$table" cmp "$work/cuda/generated.h5" "$work/again/generated.h5"
  check "training networks, GPU against CPU" "$table" ./weightmem evaluate --training "$work/cpu/training.h5" --generated "$work/cuda/training.h5" --all-checkpoints --out "$work/compare"
  echo >> "$table"
  echo "Mean distance from a network trained on the GPU to the nearest one trained on the CPU, L2:" >> "$table"
  grep -A 12 '"generated"' "$work/compare/evaluation.json" | grep -m 1 '"mean"' | tr -d ' ,' >> "$table"
  bench "$table"
  echo "$table"
  ! grep -q FAILED "$table"
}

# The speeds: a table for people, JSON beside it for machines, and PyTorch's on the same GPU.
bench() {
  local table=$1 json=${1%.md}.json
  echo >> "$table"
  { echo '```'; ./weightmem bench kernels --device cuda 2>&1 || echo "bench kernels FAILED"; echo '```'; echo; } >> "$table"
  { echo '```'; ./weightmem bench kernels --device cuda --versions 2>&1 || echo "bench kernels --versions FAILED"; echo '```'; echo; } >> "$table"
  local math
  for math in tf32 bf16; do
    { echo '```'; ./weightmem bench kernels --device cuda --math $math --filter Attention 2>&1 || echo "bench kernels --math $math FAILED"; echo '```'; echo; } >> "$table"
  done
  ./weightmem bench kernels --device cuda --json > "$json" 2> "$json.log" || echo "bench kernels --json FAILED: $(tail -n 1 "$json.log")" >> "$table"
  rm -f "$json.log"
  # Whole steps: recorded and launched one by one, in each precision. The stand-in shows that they run, at a size that it can.
  local presets="small paper" maths="f32 tf32 bf16" runs=20 preset graphs
  if grep -q '"standin": true' "$json"; then presets=smoke maths=f32 runs=1; fi
  echo '```' >> "$table"
  for preset in $presets; do
    for math in $maths; do
      for graphs in on off; do
        echo "$preset, --math $math, --graphs $graphs" >> "$table"
        ./weightmem bench pipeline --preset "$preset" --runs "$runs" --math "$math" --graphs "$graphs" --device cuda 2>/dev/null >> "$table" || echo "bench pipeline FAILED" >> "$table"
      done
    done
  done
  { echo '```'; echo; } >> "$table"
  if python3 -c 'import torch, sys; sys.exit(not torch.cuda.is_available())' 2>/dev/null && ! grep -q '"standin": true' "$json"; then
    if python3 ./gpu_torch.py "$json" "$json.torch.md" > /dev/null; then cat "$json.torch.md" >> "$table"; else echo "PyTorch's times FAILED" >> "$table"; fi
    rm -f "$json.torch.md"
  else
    echo "PyTorch with CUDA is not here: no times beside ours." >> "$table"
  fi
}

# Succeeds when compute-sanitizer reports: its exit code for that is 9.
reports() {
  local code=0
  "$@" || code=$?
  [ "$code" = 9 ]
}

# name, table, command...: one line of the table, and the end of what a failure printed
check() {
  local name=$1 table=$2 start result=passed log
  shift 2
  log=$(mktemp)
  start=$(date +%s.%N)
  "$@" > "$log" 2>&1 < /dev/null || result="FAILED ($?): $(grep -v '^ *$' "$log" | tail -n 1 | cut -c 1-200 | tr '|' '/')"
  local total
  total=$(sed -n 's/.*Total: \([0-9]*\), Errors: \([0-9]*\), Failed: \([0-9]*\).*/, \1 tests, \3 failed/p' "$log" | tail -n 1)
  echo "| $name | $result$total | $(awk -v a="$start" -v b="$(date +%s.%N)" 'BEGIN { printf "%.1f", b - a }') |" | tee -a "$table"
  rm -f "$log"
}

case "${1:-}" in
  pack) pack "$(realpath -m "$2")" ;;
  run) run "$(realpath "$2")" "$3" ;;
  *) sed -n '2,9p' "$0" | sed 's/^# \{0,1\}//'; exit 2 ;;
esac
