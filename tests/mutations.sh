#!/usr/bin/env bash
# Breaks one kernel at a time in one obvious way and expects the case table to notice. Builds nothing: kernels are read from a changed copy of their folder.
# Usage: tests/mutations.sh [FILE.cu ...], after a Release build of the tests and native/build.sh; with files, only theirs. Ends with "N of M mutations caught".
set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)
tests=$(ls "$here"/tests/WeightMem.Engine.Tests/bin/Release/net10.0/*/WeightMem.Engine.Tests | head -n 1)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
caught=0 all=0
wanted=" $* "

mutate() { # file, what is there, what replaces it, what that breaks
  [ "$wanted" = "  " ] || [[ $wanted == *" $1 "* ]] || return 0
  rm -rf "$work/kernels"
  cp -r "$here/kernels" "$work/kernels"
  python3 - "$work/kernels/$1" "$2" "$3" <<'P'
import sys
path, old, new = sys.argv[1:]
text = open(path).read()
assert old in text, f"{path}: nothing to mutate: {old}"
open(path, "w").write(text.replace(old, new, 1))
P
  all=$((all + 1))
  if WEIGHTMEM_KERNEL_SOURCES=$work/kernels "$tests" -noColor -class '*CudaCaseTests' > "$work/log" 2>&1; then
    echo "MISSED  $1: $4"
  else
    caught=$((caught + 1))
    echo "caught  $1: $4 ($(grep -c '\[FAIL\]' "$work/log") tests, first: $(grep -m 1 '\[FAIL\]' "$work/log" | sed 's/.*CudaCaseTests\.//; s/ \[FAIL\]//'))"
  fi
}

mutate elementwise.cu "b[i % columns]" "b[i / columns]" "wrong index of a broadcast bias"
mutate elementwise.cu "dy[i] * activation_slope(kind, x[i])" "dy[i] * activation_value(kind, x[i])" "value instead of slope"
mutate indexing.cu "if (index[r] == target) sum += dy[r * columns + c];" "if (index[r] == target) sum = dy[r * columns + c];" "repeated rows overwrite instead of adding"
mutate rows.cu "for (int c = LANE; c < columns; c += 32) top = fmaxf(top, from[c]);" "for (int c = LANE; c < columns - 1; c += 32) top = fmaxf(top, from[c]);" "the maximum leaves out the last column"
mutate rows.cu "float m = warp_sum(sum) / columns;" "float m = warp_sum(sum) / 32;" "mean over the wrong count"
mutate rows.cu "for (int k = 0; k < DEEP; k++) sum += lanes[k][threadIdx.x];" "for (int k = 1; k < DEEP; k++) sum += lanes[k][threadIdx.x];" "a column sum loses the first lane"
mutate attention.cu "for (int k = 0; k < PARTS; k++) out[k] *= correction;" "" "online softmax without its correction"
mutate attention.cu "        __syncthreads();
        bool there" "        bool there" "a tile is read without the barrier after it was staged"
mutate losses.cu "kind == PLAIN ? v : v * v" "v" "squares are not squared"
mutate losses.cu "(c == label ? 1.0f : 0.0f)" "0.0f" "cross-entropy without the label"
mutate random.cu "k1 += 0xBB67AE85u;" "k1 += 0xBB67AE84u;" "one bit of Philox"
mutate optimizers.cu "i < decayed" "i <= decayed" "weight decay of one value too many"
mutate gemm.cu "there = column0 + j < s.columns && k0 + l < s.depth;" "there = column0 + j <= s.columns && k0 + l < s.depth;" "a read past the last column"
mutate population.cu "best != label" "best == label" "right and wrong change places"
mutate reduce.cuh "lane < count ? warps[lane] : T(0)" "lane < count - 1 ? warps[lane] : T(0)" "a block's sum loses its last warp"
mutate pairs.cuh "static_cast<u32>(index) < static_cast<u32>(at)" "static_cast<u32>(index) > static_cast<u32>(at)" "equal distances go to the last reference"
mutate distance.cu "sure = sure || least > worst;" "sure = true;" "a list that lost entries is believed"
mutate assignment.cu "columnPrice[half] -= step;" "" "columns keep their prices along a path"
mutate masks.cu "(left == right && a.index < b.index)" "left == right" "the last of equal similarities"
mutate random.cu "s * x[i] + (d * z[k] + p * prediction[i])" "p * x[i] + (d * z[k] + s * prediction[i])" "state and prediction change places in a reverse step"
mutate activations.cuh "0.5f * x * (1.0f + erff" "0.5f * x * (erff" "GELU without its one"
mutate convnets.cu "if (sums[k] > sums[best]) best = k;" "if (sums[k] < sums[best]) best = k;" "the smallest of a pooling block goes on"
mutate convnets.cu "        at += i < net.planes ? plane_size(net.plane[i]) : net.layer[i - net.planes].outputs;
        __syncthreads();" "        at += i < net.planes ? plane_size(net.plane[i]) : net.layer[i - net.planes].outputs;" "a layer starts before the one before it is done"
mutate convnets.cu "(c == label ? 1.0f : 0.0f)) / batch" "(c == label ? 1.0f : 0.0f))" "a sum of gradients in place of their mean"
mutate optimizers.cu "if (!finite) return;" "" "a step is taken on a gradient of NaN"
mutate convolution.cu "tap = (k0 + l) / inputs;" "tap = (k0 + l) / outputs;" "filters are read at another tap than the pixels"
mutate convolution.cu "place < end && column < columns ? seen_pixel" "column < columns ? seen_pixel" "a strip of a filter gradient goes on into the next"
mutate window.cuh "x % w.strideWidth != 0 ||" "" "pixels between two strides are seen"
mutate window.cuh "y < 0 || y >= w.height || x < 0" "y < 0 || y >= w.height || x < -1" "the padding on the left is not zero"
mutate channels.cu "delta * delta * seen * more / all" "delta * delta" "strips of different means lose variance"
mutate channels.cu "share * (totals[c]" "0.0f * (totals[c]" "a batch normalisation whose statistics pass on no gradient"
mutate channels.cu "if (!(value <= best))" "if (!(value < best))" "the last of equals is the largest"
mutate channels.cu "(accumulate ? dx[i] : 0.0f) + sum / (float)taps" "(accumulate ? dx[i] : 0.0f) + sum" "a sum in place of a mean goes back"
mutate activations.cuh "case ELU: return x > 0.0f ? 1.0f : expf(x);" "case ELU: return x > 0.0f ? 1.0f : x;" "the slope of ELU"
echo "$caught of $all mutations caught"
[ "$caught" = "$all" ]
