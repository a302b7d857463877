#!/usr/bin/env bash
# Runs the published file (./build.sh publish linux-x64) as someone would who has nothing else: no .NET, an empty home, an empty folder, no network where the system
# lets a script take it away. `tests/published.sh quick` is what CI runs; without it the smoke studies of all four methods are run.
set -euo pipefail
cd "$(dirname "$0")/.."
program=$PWD/artifacts/publish/linux-x64/weightmem
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/home" "$work/empty" "$work/here" "$work/tmp"
offline=()
unshare -rn true 2>/dev/null && offline=(unshare -rn)
run() { (cd "$work/here" && "${offline[@]}" env -i HOME="${home-$work/home}" TMPDIR="$work/tmp" PATH="$work/empty" "$program" "$@"); }
what="published file"
. tests/smoke.sh

[ -x "$program" ] || fail "there is none at $program; ./build.sh publish linux-x64 makes it"
[ "$(stat -c %s "$program")" -lt 60000000 ] || fail "it has $(stat -c %s "$program") bytes, more than 60 MB"
[ "$(ls "$(dirname "$program")")" = weightmem ] || fail "more than one file: $(ls "$(dirname "$program")")"

has "Exit codes" "$(run --help)"
has "Examples" "$(run zoo train --help)"
[ -z "$(ls -A "$work/home")" ] || fail "help wrote into the home: $(ls -A "$work/home")"
wrong_command
doctor=$(run doctor)
has "images: fashion-mnist-small" "$doctor"
has "kernels:" "$doctor"

study gpt
[ "${1:-}" = quick ] || for method in hyper-representations p-diff hyperdiffusion; do study "$method"; done
files
# A home that cannot be written: the graphics library goes to the folder for temporary files, and does not stay there.
home=/dev/null run report runs/gpt-smoke >/dev/null 2>"$work/log" || { cat "$work/log" >&2; fail "no report with a home that cannot be written"; }
[ -z "$(ls -A "$work/tmp")" ] || fail "left behind in the folder for temporary files: $(ls -A "$work/tmp")"
echo "published file: $(stat -c %s "$program" | awk '{ printf "%.1f MB", $1 / 1e6 }')${offline:+, without network}: all is well"
