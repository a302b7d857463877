#!/usr/bin/env bash
# Kills the real program at random points, continues until it ends, and compares every result file with an unbroken run's, bit by bit.
#   tests/kill.sh [--points N] [--seed S] [--program FILE] [--work DIR] [--minutes M] [COMMAND...]     without commands: all of them
# Points are of four kinds in turn: SIGKILL after a random time; SIGKILL at a random file operation, inside of a write if it is one (tests/faults.c; needs a C compiler); SIGTERM
# after a random time, which the program may answer with code 130 or, when it has ended, 0. Up to CHAIN points fall on one folder before it is left to end.
# Prints a row of benchmarks/results/kill.md per command; ends with 1 when anything failed, and then keeps the folder.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
points=10 seed=1 program=$here/../artifacts/weightmem work= minutes=100000 CHAIN=8
commands=()
while [ $# -gt 0 ]; do
  case "$1" in
    --points) points=$2; shift 2 ;;
    --seed) seed=$2; shift 2 ;;
    --program) program=$2; shift 2 ;;
    --work) work=$2; shift 2 ;;
    --minutes) minutes=$2; shift 2 ;;
    *) commands+=("$1"); shift ;;
  esac
done
[ ${#commands[@]} -gt 0 ] || commands=(gpt hyper-representations p-diff hyperdiffusion zoo train sample baseline convert airplanes evaluate report matrix study symmetry latent-noise)
program=$(readlink -f "$program")
[ -n "$work" ] || { work=$(mktemp -d); trap '[ "$failures" = 0 ] && rm -rf "$work"' EXIT; }
mkdir -p "$work"
work=$(cd "$work" && pwd)
failures=0
RANDOM=$seed

# A command line writes into the folder it runs in; inputs are beside it, so that the paths in reports are the same for all.
light="--set resamples=20 --set generated=4 --set baseline_networks=4" coarse="--set grid_resolution=20"
line() {
  case "$1" in
    gpt) echo "reproduce gpt --preset smoke --out run --set resamples=20 $coarse" ;;
    hyper-representations) echo "reproduce hyper-representations --preset smoke --out run $light $coarse --set target=mlp --set pool=4 --set zoo.runs=8 --set heldout_runs=3 --set test_images=200" ;;
    p-diff) echo "reproduce p-diff --preset smoke --out run $light $coarse --set training_images=600 --set test_images=100 --set trajectory.checkpoints=20 --set trajectory.validation_images=100" ;;
    hyperdiffusion) echo "reproduce hyperdiffusion --preset smoke --out run $light --set target=field-2x16 --set zoo.runs=9 --set shapes.nodes=16 --set field.first_steps=100" ;;
    zoo) echo "zoo train mlp --pool 4 --runs 12 --epochs 1 --checkpoints 4 --group 2 --out zoo.h5" ;;
    train) echo "train gpt --population ../../inputs/zoo.h5 --preset smoke --pool 4 --steps 40 --out run" ;;
    sample) echo "sample ../../inputs/run --count 64 --out sampled.h5" ;;
    baseline) echo "baseline average-3 --population ../../inputs/zoo.h5 --count 64 --out averages.h5" ;;
    convert) echo "convert ../../inputs/zoo.h5 zoo.npz" ;;
    airplanes) echo "data airplanes --to shapes --training 6 --validation 1 --test 1" ;;
    evaluate) echo "evaluate --training ../../inputs/zoo.h5 --generated ../../inputs/generated.h5 --out run" ;;
    matrix) echo "matrix --targets mlp --generators replica,gpt --preset smoke --out run" ;;
    report) echo "report run" ;;
    symmetry) echo "study symmetry run --networks 4" ;;
    latent-noise) echo "study latent-noise run --noise 0 0.1" ;;
    study) echo "study data-scaling gpt --preset smoke --out run --set resamples=20 $coarse" ;;
    *) echo "kill.sh: there is no command $1" >&2; exit 2 ;;
  esac
}

# The study whose finished run a command is about: it finds a copy in its folder.
about() {
  case "$1" in
    report) echo gpt ;;
    symmetry) echo hyper-representations ;;
    latent-noise) echo p-diff ;;
  esac
}

run() { # FOLDER ERRORS PREFIX...: the program in a folder
  local folder=$1 errors=$2; shift 2
  (cd "$folder" && exec "$@" "$program" $arguments >/dev/null 2>"$errors")
}

now() { date +%s%N; }
stage() { grep -v '^  \|^resumed' "$1" | grep -v '^weightmem: stopp' | sed '1i start' | tail -n 1 | sed 's/^weightmem: .*/start/; s/^computing.*/start/; s/^\([a-z-]* *[a-z-]*\).*/\1/; s/ *$//' ; }
random() { echo $((((RANDOM << 15) | RANDOM) % $1)); }

export DOTNET_TieredPGO=0
preload=
compiler=$(command -v cc || command -v gcc || command -v clang || true)
if [ -n "$compiler" ] && "$compiler" -shared -fPIC -O1 -o "$work/faults.so" "$here/faults.c" -ldl; then preload=$work/faults.so
else echo "kill.sh: no C compiler here, so no kills at file operations" >&2; fi

if [[ " ${commands[*]} " =~ \ (train|sample|baseline|convert|evaluate)\  ]]; then
  mkdir -p "$work/inputs"
  (cd "$work/inputs" && "$program" zoo train mlp --pool 4 --runs 8 --epochs 1 --checkpoints 4 --group 4 --out zoo.h5 \
    && "$program" baseline noise-0.05 --normalized --population zoo.h5 --count 8 --out generated.h5 \
    && "$program" train gpt --population zoo.h5 --preset smoke --pool 4 --steps 40 --out run) >/dev/null 2>"$work/inputs.log" || { cat "$work/inputs.log" >&2; exit 1; }
fi

for name in "${commands[@]}"; do
  study=$(about "$name")
  [ -n "$study" ] && [ ! -d "$work/inputs/$study" ] || continue
  mkdir -p "$work/inputs/$study"
  (cd "$work/inputs/$study" && "$program" $(line "$study")) >/dev/null 2>"$work/inputs.log" || { cat "$work/inputs.log" >&2; exit 1; }
done

began=$(date +%s)
echo "| command | kills by time | at file operations | SIGTERM | stages hit | continued to equal bits | failures |"
echo "|---|---|---|---|---|---|---|"
for name in "${commands[@]}"; do
  arguments=$(line "$name") || exit 2
  whole=$work/$name/whole
  rm -rf "${work:?}/$name"
  mkdir -p "$whole"
  study=$(about "$name")
  [ -z "$study" ] || cp -r "$work/inputs/$study/run" "$whole/"
  start=$(now)
  FAULTS_BELOW=$whole FAULTS_COUNT=$work/$name/count LD_PRELOAD=$preload run "$whole" "$work/$name/whole.log" || { tail -n 1 "$work/$name/whole.log" >&2; exit 1; }
  milliseconds=$((($(now) - start) / 1000000))
  operations=0
  [ -z "$preload" ] || operations=$(cat "$work/$name/count")
  killed=0 byTime=0 byOperation=0 bySignal=0 equal=0 failed=0 attempt=0
  : >"$work/$name/stages"
  while [ $killed -lt "$points" ] && [ $(($(date +%s) - began)) -lt $((minutes * 60)) ]; do
    attempt=$((attempt + 1))
    folder=$work/$name/$attempt log=$work/$name/$attempt.log
    mkdir -p "$folder"
    [ -z "$study" ] || cp -r "$work/inputs/$study/run" "$folder/"
    in_chain=0 problem=
    while [ $in_chain -lt $CHAIN ] && [ $killed -lt "$points" ]; do
      kind=$((RANDOM % 4))
      [ -n "$preload" ] || [ $kind = 2 ] || kind=0
      delay=$(random "$milliseconds") at=$(($(random "${operations/#0/1}") + 1))
      delay=$((delay / 1000)).$(printf %03d $((delay % 1000)))
      export WEIGHTMEM_SNAPSHOT_SECONDS=0.1
      case $kind in
        0) run "$folder" "$log" timeout -s KILL "$delay" ;;
        2) run "$folder" "$log" timeout -s TERM --preserve-status "$delay" ;;
        *) FAULTS_BELOW=$folder FAULTS_KILL=$at LD_PRELOAD=$preload run "$folder" "$log" ;;
      esac
      code=$?
      unset WEIGHTMEM_SNAPSHOT_SECONDS
      case $kind:$code in
        *:0) break ;; # it ended before
        0:137) byTime=$((byTime + 1)) ;;
        2:130) bySignal=$((bySignal + 1)) ;;
        2:143) ;; # before the program could listen
        [13]:137) byOperation=$((byOperation + 1)) ;;
        *) problem="exit code $code after $in_chain kills (kind $kind, after $delay s or at operation $at): $(tail -n 1 "$log")"; break ;;
      esac
      [ $code = 143 ] && continue
      killed=$((killed + 1)) in_chain=$((in_chain + 1))
      stage "$log" >>"$work/$name/stages"
    done 2>/dev/null
    if [ -z "$problem" ]; then
      run "$folder" "$log" 
      code=$?
      if [ $code != 0 ]; then problem="exit code $code when continued after $in_chain kills: $(tail -n 1 "$log")"
      else
        # Times, and which process had the folder, differ between any two runs.
        difference=$(diff -r -q -x run.json -x log.jsonl -x 'events.out.*' -x run.lock "$whole" "$folder") || problem="after $in_chain kills: $(echo "$difference" | head -n 5)"
      fi
    fi
    if [ -n "$problem" ]; then
      failed=$((failed + 1))
      echo "kill.sh: $name, folder $folder: $problem" >&2
    else
      equal=$((equal + in_chain))
      rm -rf "$folder" "$log"
    fi
    [ $failed -lt 5 ] || break
  done
  failures=$((failures + failed))
  echo "| $name | $byTime | $byOperation of $operations | $bySignal | $(sort "$work/$name/stages" | uniq -c | awk '{n = $1; $1 = ""; printf "%s%s %d", (NR > 1 ? ", " : ""), substr($0, 2), n}') | $equal | $failed |"
done
[ "$failures" = 0 ]
