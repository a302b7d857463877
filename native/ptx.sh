#!/bin/sh
# Compiles the kernels to PTX with clang alone, without a CUDA toolkit: kernels/ptx/NAME.ptx, which the program carries for machines without NVRTC.
#   native/ptx.sh            makes kernels/ptx
#   native/ptx.sh --check    compiles every kernel and compares with what is there; writes nothing
# The virtual architecture is one that every driver of CUDA 11 and later takes; the driver compiles it for its device. Tensor cores (mma.cuh) need a later one: those
# files are loaded on such devices only.
# Where there is no clang that can (19 or later), it says so in one line and ends well.
set -eu
cd "$(dirname "$0")/../kernels"

clang=${CLANG:-}
for name in clang-22 clang-21 clang-20 clang-19 clang; do
    if [ -n "$clang" ]; then break; fi
    if command -v "$name" >/dev/null 2>&1 && [ "$("$name" -dumpversion | cut -d. -f1)" -ge 19 ]; then clang=$name; fi
done
if [ -z "$clang" ]; then
    echo "ptx: no clang 19 or later here, the PTX in kernels/ptx is taken as it is"
    exit 0
fi

# The sources of a file: itself, the headers it includes, and theirs.
sources() {
    open=$1 all=
    while [ -n "$open" ]; do
        next=
        for file in $open; do
            case " $all " in *" $file "*) continue ;; esac
            all="$all $file"
            next="$next $(sed -n 's/^#include "\(.*\)".*/\1/p' "$file")"
        done
        open=$(echo $next)
    done
    echo $all clang/device.cuh clang/maths.cuh | tr ' ' '\n' | LC_ALL=C sort
}

# fast: a product and a sum become one fused operation, as NVRTC does; what must not be fused is written with __fmul_rn and its like. Denormals stay.
compile() {
    case " $(sources "$1" | tr '\n' ' ') " in
        *" mma.cuh "*) architecture=sm_80 version=+ptx70 ;;
        *) architecture=sm_70 version=+ptx63 ;;
    esac
    # Apart, because a pipe would lose what clang says of itself.
    "$clang" -x cuda --cuda-device-only -nocudainc -nocudalib --offload-arch=$architecture -Xclang -target-feature -Xclang $version -std=c++17 -O3 \
        -fdeclspec -ffp-contract=fast -nostdinc -nostdinc++ -Wall -Wextra -Werror -Wno-unused-function -Wno-pass-failed \
        -I. -include clang/device.cuh -S -o "$work/raw" "$1" || return 1
    {
        echo "// sources $(cat $(sources "$1") | sha256sum | cut -d' ' -f1)"
        echo "// $("$clang" --version | head -n 1)"
        sed 's|[[:space:]]*//.*||; /^$/d' "$work/raw"
    } > "$2"
    # A function that was only declared would be looked for by the driver, in vain.
    if grep -q '^\.extern \.func' "$2"; then
        echo "ptx: $1 calls what no header defines: $(grep -A 1 '^\.extern \.func' "$2" | tr '\n' ' ')"
        return 1
    fi
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
bad=0
for source in *.cu; do
    name=${source%.cu}
    compile "$source" "$work/$name.ptx" || { echo "ptx: $source does not compile with $clang"; bad=1; continue; }
    if [ "${1:-}" = --check ]; then
        there=ptx/$name.ptx
        if [ ! -f "$there" ]; then echo "ptx: $there is missing; run native/ptx.sh" && bad=1
        elif [ "$(sed -n 1p "$there")" != "$(sed -n 1p "$work/$name.ptx")" ]; then echo "ptx: $there was made from other sources; run native/ptx.sh" && bad=1
        elif [ "$(sed -n 2p "$there")" = "$(sed -n 2p "$work/$name.ptx")" ] && ! cmp -s "$there" "$work/$name.ptx"; then
            echo "ptx: $there is not what $clang makes; run native/ptx.sh" && bad=1
        fi
    fi
done
# The notebooks are not shipped, but they must compile.
for source in notebooks/*.cu; do
    compile "$source" "$work/notebook" || { echo "ptx: $source does not compile with $clang"; bad=1; }
done
if [ "$bad" = 0 ] && [ "${1:-}" != --check ]; then
    mkdir -p ptx
    rm -f ptx/*.ptx
    cp "$work"/*.ptx ptx/
    echo "ptx: $(ls ptx/*.ptx | wc -l) files in kernels/ptx by $clang"
fi
exit $bad
