#!/bin/sh
# Builds the CPU stand-in with g++ alone: native/build/libwmstandin.so.
#   native/build.sh         build what has changed
#   native/build.sh test    and run the self-test
# Where it cannot be built it says so in one line and ends well, so that the rest of a build goes on.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
source=$here/standin
out=$here/build
library=$out/libwmstandin.so

compiler=${CXX:-g++}
if ! command -v "$compiler" >/dev/null 2>&1; then
    echo "native: no $compiler here, the CPU stand-in is not built and what needs it does not run"
    exit 0
fi
if [ "$(uname -s)-$(uname -m)" != "Linux-x86_64" ]; then
    echo "native: the CPU stand-in is written for x86-64 Linux, not for $(uname -s) $(uname -m); it is not built"
    exit 0
fi

flags="-std=c++17 -O2 -g1 -fPIC -fvisibility=hidden -Wall -Wextra -Wno-missing-field-initializers -DSTANDIN_SOURCE_FOLDER=\"$source\""
mkdir -p "$out"

# Two builds at a time would write the same objects.
if command -v flock >/dev/null 2>&1; then
    exec 9>"$out/lock"
    flock 9
fi

# A header's change builds everything: there are few files.
newest=$(ls -t "$source"/*.h "$source"/*.cuh "$0" | head -n 1)
stale=
for file in "$source"/*.cpp; do
    name=$(basename "$file" .cpp)
    object=$out/$name.o
    if [ ! -f "$object" ] || [ "$file" -nt "$object" ] || [ "$newest" -nt "$object" ]; then stale="$stale $name"; fi
done
if [ -n "$stale" ]; then
    printf '%s\n' $stale | CXX_COMMAND="$compiler $flags" xargs -P 2 -I NAME sh -c \
        "\$CXX_COMMAND -c '$source/NAME.cpp' -o '$out/NAME.o' || exit 255"
fi
if [ -n "$stale" ] || [ ! -f "$library" ]; then
    "$compiler" -shared -Wl,-soname,libwmstandin.so -Wl,-z,defs "$out"/*.o -o "$library.new" -ldl -lpthread
    mv "$library.new" "$library"
fi
echo "native: $library"

if [ "${1:-}" = test ]; then
    test=$out/selftest
    newest=$(ls -t "$source"/selftest/*.cpp "$source"/selftest/*.h "$library" | head -n 1)
    if [ ! -f "$test" ] || [ "$newest" -nt "$test" ]; then
        "$compiler" -std=c++17 -g1 -Wall -Wextra "$source"/selftest/*.cpp -o "$test" -L"$out" -lwmstandin -Wl,-rpath,"$out"
    fi
    # Its own cache, so that every run of a changed stand-in compiles what it tests.
    WEIGHTMEM_STANDIN_CACHE="$out/selftest-cache" "$test" "$source/selftest" "$here/../kernels"

    # The mathematics of the shipped PTX, run here as host code.
    maths=$out/clang_maths
    if [ ! -f "$maths" ] || [ "$here/clang_maths.cpp" -nt "$maths" ] || [ "$here/../kernels/clang/maths.cuh" -nt "$maths" ]; then
        "$compiler" -std=c++17 -O2 -ffp-contract=off -Wall -Wextra "$here/clang_maths.cpp" -o "$maths"
    fi
    "$maths"
fi
