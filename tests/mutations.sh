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

mutate() { # file, the ops whose cases are run, what is there, what replaces it, what that breaks
  [ "$wanted" = "  " ] || [[ $wanted == *" $1 "* ]] || return 0
  rm -rf "$work/kernels"
  cp -r "$here/kernels" "$work/kernels"
  python3 - "$work/kernels/$1" "$3" "$4" <<'P'
import sys
path, old, new = sys.argv[1:]
text = open(path).read()
assert old in text, f"{path}: nothing to mutate: {old}"
open(path, "w").write(text.replace(old, new, 1))
P
  all=$((all + 1))
  if WEIGHTMEM_TESTS_OPS=$2 WEIGHTMEM_KERNEL_SOURCES=$work/kernels "$tests" -noColor -stopOnFail -class '*CudaCaseTests' > "$work/log" 2>&1; then
    echo "MISSED  $1: $5"
  elif grep -q 'KernelCompilationException' "$work/log"; then
    echo "BROKEN  $1: $5: it does not compile, so nothing was tried"
  else
    caught=$((caught + 1))
    echo "caught  $1: $5 (by $(grep -m 1 '\[FAIL\]' "$work/log" | sed 's/.*CudaCaseTests\.//; s/ \[FAIL\]//'))"
  fi
}

# Without a mutation nothing fails: what is noticed below is the mutation.
WEIGHTMEM_TESTS_OPS=Fill,Softmax WEIGHTMEM_KERNEL_SOURCES=$here/kernels "$tests" -noColor -class '*CudaCaseTests' > "$work/log" 2>&1 ||
  { echo "the tests fail without a mutation"; tail -n 20 "$work/log"; exit 1; }
mutate elementwise.cu AddBroadcast "b[i % columns]" "b[i / columns]" "wrong index of a broadcast bias"
mutate elementwise.cu Activate "dy[i] * activation_slope(kind, x[i])" "dy[i] * activation_value(kind, x[i])" "value instead of slope"
mutate indexing.cu Embedding,ScatterAddRows "if (index[r] == target) sum += dy[r * columns + c];" "if (index[r] == target) sum = dy[r * columns + c];" "repeated rows overwrite instead of adding"
mutate rows.cu Softmax "for (int c = LANE; c < columns; c += 32) to[c] *= scale;" "for (int c = LANE; c < columns - 1; c += 32) to[c] *= scale;" "the last column of a long row is not scaled"
mutate rows.cu Softmax "if (COLUMN(k) < columns) sum += part[k];" "if (COLUMN(k) < columns - 1) sum += part[k];" "a softmax's sum leaves out the last column"
mutate rows.cu LayerNorm "float m = warp_sum(sum) / columns;" "float m = warp_sum(sum) / 32;" "mean over the wrong count"
mutate rows.cu LayerNorm "forGamma = shared + 2 * warp * columns" "forGamma = shared" "the warps of a block share their sums"
mutate rows.cu SumRows "for (int k = 0; k < DEEP; k++) sum += lanes[k][threadIdx.x];" "for (int k = 1; k < DEEP; k++) sum += lanes[k][threadIdx.x];" "a column sum loses the first lane"
mutate attention.cu Attention "for (int k = 0; k < PARTS; k++) out[k] *= correction;" "" "online softmax without its correction"
mutate attention.cu Attention "        __syncthreads();
        bool there" "        bool there" "a tile is read without the barrier after it was staged"
mutate losses.cu SumOfSquares,MeanSquaredError "kind == PLAIN ? v : v * v" "v" "squares are not squared"
mutate losses.cu CrossEntropy "(c == label ? 1.0f : 0.0f)" "0.0f" "cross-entropy without the label"
mutate philox.cuh Normal,Uniform "k1 += 0xBB67AE85u;" "k1 += 0xBB67AE84u;" "one bit of Philox"
mutate optimizers.cu Adam "i < a.decayed" "i <= a.decayed" "weight decay of one value too many"
mutate indexing.cu ScatterAddRows "place += unordered[j] < unordered[i];" "place += unordered[j] <= unordered[i];" "a list's rows one place too far"
mutate indexing.cu ScatterAddRows "if (w < warp) place += found[w];" "" "rows of a crowded target overwrite each other"
mutate mma.cuh Attention "left.word[2] = from[4];" "left.word[2] = from[0];" "a half of the left factor twice (bfloat16)"
mutate mma.cuh Attention "right.word[1] = from[pitch];" "right.word[1] = from[0];" "a row of the right factor twice (TF32)"
mutate mma.cuh Attention "there && c + 1 < size ? from[1] : 0.0f" "there ? from[1] : 0.0f" "a head is filled up from the next one"
mutate attention_mma.cu Attention "out[n].value[e] *= correction[e / 2];" "out[n].value[e] *= 1.0f;" "online softmax without its correction (tensor cores)"
mutate attention_mma.cu Attention "        __syncthreads();
        Sums p[TILE / 8], dp[TILE / 8];" "        Sums p[TILE / 8], dp[TILE / 8];" "a tile is read without the barrier after it was staged (tensor cores)"
mutate attention_mma.cu Attention "(ofQueries ? row : other)" "(ofQueries ? other : row)" "the gradient takes another query's sum"
mutate population.cu PopulationMlp "+ bias[i / units / images * parameters + i % units];" "+ bias[i % units];" "every network has the first one's biases"
mutate population.cu PopulationMlp "best != labels[image]" "best == labels[image]" "right and wrong change places (wide layers)"
mutate gemm.cu Linear,Gemm "there = column0 + j < s.columns && k0 + l < s.depth;" "there = column0 + j <= s.columns && k0 + l < s.depth;" "a read past the last column"
mutate population.cu PopulationMlp "best != label" "best == label" "right and wrong change places"
mutate reduce.cuh Sum,SumOfSquares "lane < count ? warps[lane] : T(0)" "lane < count - 1 ? warps[lane] : T(0)" "a block's sum loses its last warp"
mutate pairs.cuh NearestRows "static_cast<u32>(index) < static_cast<u32>(at)" "static_cast<u32>(index) > static_cast<u32>(at)" "equal distances go to the last reference"
mutate distance.cu NearestRows "sure = sure || least > worst;" "sure = true;" "a list that lost entries is believed"
mutate assignment.cu NearestAlignedRows "columnPrice[half] -= step;" "" "columns keep their prices along a path"
mutate masks.cu MostSimilarMasks "(left == right && a.index < b.index)" "left == right" "the last of equal similarities"
mutate random.cu ReverseStep "s * x[i] + (d * z[k] + p * prediction[i])" "p * x[i] + (d * z[k] + s * prediction[i])" "state and prediction change places in a reverse step"
mutate activations.cuh Activate "0.5f * x * (1.0f + erff" "0.5f * x * (erff" "GELU without its one"
mutate convnets.cu PopulationConvNet "if (sums[k] > sums[best]) best = k;" "if (sums[k] < sums[best]) best = k;" "the smallest of a pooling block goes on"
mutate convnets.cu PopulationConvNet "        at += i < net.planes ? plane_size(net.plane[i]) : net.layer[i - net.planes].outputs;
        __syncthreads();" "        at += i < net.planes ? plane_size(net.plane[i]) : net.layer[i - net.planes].outputs;" "a layer starts before the one before it is done"
mutate convnets.cu PopulationConvNetGradient "(c == label ? 1.0f : 0.0f)) / batch" "(c == label ? 1.0f : 0.0f))" "a sum of gradients in place of their mean"
mutate optimizers.cu Adam "if (!finite) return;" "" "a step is taken on a gradient of NaN"
mutate norms.cu UnbiasedNorm "/ (columns - 1)) + epsilon);" "/ columns) + epsilon);" "the biased deviation in place of the unbiased one"
mutate norms.cu UnitRows "(dy[row + c] - y[row + c] * dot) / length" "dy[row + c] / length" "the radial part of a gradient stays in"
mutate fields.cu FieldGradient "other[i * pitch + point] = x[i * pitch + point] > 0.0f ? sum : 0.0f;" "other[i * pitch + point] = sum;" "slopes pass through units that are off"
mutate fields.cu FieldGradient "slope[point] = there ? 1.0f / (1.0f + expf(-x)) - label : 0.0f;" "slope[point] = 1.0f / (1.0f + expf(-x)) - label;" "points that only fill a tile count"
mutate clouds.cu ChamferDistances "double there = sum_of_nearest(x, p, y, q, staged, warps), back = sum_of_nearest(y, q, x, p, staged, warps);" "double there = sum_of_nearest(x, p, y, q, staged, warps), back = there;" "the way back between clouds is the way there"
mutate convolution.cu Convolution "tap = (k0 + l) / inputs;" "tap = (k0 + l) / outputs;" "filters are read at another tap than the pixels"
mutate convolution.cu Convolution "place < end && column < columns ? seen_pixel" "column < columns ? seen_pixel" "a strip of a filter gradient goes on into the next"
mutate window.cuh Convolution,MaxPool,TransposedConvolution "x % w.strideWidth != 0 ||" "" "pixels between two strides are seen"
mutate window.cuh Convolution,MaxPool,TransposedConvolution "y < 0 || y >= w.height || x < 0" "y < 0 || y >= w.height || x < -1" "the padding on the left is not zero"
mutate channels.cu BatchNorm,ChannelNorm "delta * delta * seen * more / all" "delta * delta" "strips of different means lose variance"
mutate channels.cu BatchNorm "share * (totals[c]" "0.0f * (totals[c]" "a batch normalisation whose statistics pass on no gradient"
mutate channels.cu MaxPool "if (!(value <= best))" "if (!(value < best))" "the last of equals is the largest"
mutate channels.cu AveragePool "(accumulate ? dx[i] : 0.0f) + sum / (float)taps" "(accumulate ? dx[i] : 0.0f) + sum" "a sum in place of a mean goes back"
mutate activations.cuh Activate "case ELU: return x > 0.0f ? 1.0f : expf(x);" "case ELU: return x > 0.0f ? 1.0f : x;" "the slope of ELU"
echo "$caught of $all mutations caught"
[ "$caught" = "$all" ]
