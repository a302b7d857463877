#!/usr/bin/env bash
# Runs the Windows program on Linux under Wine (8.0 or later): one file in an empty folder, as tests/published.sh runs that of Linux. Wine cannot map code that was compiled ahead out of one file, so
# this file is published without such code and starts slower; everything else in it is what ./build.sh publish win-x64 makes. It says how the program's own code behaves where the system calls are those of
# Windows, and nothing about Windows itself. `tests/windows.sh quick` is what CI runs where there is Wine; without it the smoke studies of all four methods are run.
set -euo pipefail
cd "$(dirname "$0")/.."
work=$(mktemp -d)
export WINEPREFIX=$work/wine WINEDEBUG=-all
trap 'wineserver -k 2>/dev/null || true; rm -rf "$work"' EXIT
what="Windows program"
. tests/smoke.sh

dotnet publish src/WeightMem.Cli -c Release -r win-x64 --self-contained -p:RunAnalyzers=false -p:PublishReadyToRun=false -v q --nologo -o "$work/program"
[ "$(ls "$work/program")" = weightmem.exe ] || fail "more than one file: $(ls "$work/program")"
wineboot -i >/dev/null 2>&1
mkdir "$work/here"
run() { (cd "$work/here" && env -u XDG_CACHE_HOME wine "$work/program/weightmem.exe" "$@"); }

has "Exit codes" "$(run --help)"
wrong_command
doctor=$(run doctor)
has "Windows" "$doctor"
has "images: fashion-mnist-small" "$doctor"

study gpt --set resamples=20 --set grid_resolution=20
[ "${1:-}" = quick ] || for method in hyper-representations p-diff hyperdiffusion; do study "$method" --set resamples=20; done
files

# A second process is refused while a first one trains; killed, the first continues to the bits of one that was left alone.
zoo=(zoo train mlp --pool 4 --runs 8 --epochs 60 --checkpoints 4 --group 2)
run "${zoo[@]}" --out whole.h5 >/dev/null 2>&1
run "${zoo[@]}" --out killed.h5 >/dev/null 2>&1 &
first=$!
for ((i = 0; i < 600; i++)); do compgen -G "$work/here/killed.h5.shards/*.h5" >/dev/null && break; sleep 0.05; done
code=0; error=$(run "${zoo[@]}" --out killed.h5 2>&1) || code=$?
[ "$code" = 4 ] || fail "a second process ends with $code: $error"
has "in use by process" "$error"
pkill -KILL -f 'weightmem.exe zoo train' || fail "there was nothing to kill: the zoo was too fast"
wait $first 2>/dev/null || true
run "${zoo[@]}" --out killed.h5 >/dev/null 2>&1 || fail "the killed zoo does not continue"
cmp "$work/here/whole.h5" "$work/here/killed.h5" || fail "the killed zoo ended in other bits"
left=$(ls -A "$work/here" | grep '^\.\|shards\|lock' || true)
[ -z "$left" ] || fail "left behind: $left"
echo "Windows program under $(wine --version): all is well"
