// The kernels of inference with AVX2, FMA and F16C.
#if defined(__x86_64__)

#include "simd_avx2.h"

#include "simd_attention.h"
#include "simd_elementwise.h"
#include "simd_linear.h"
#include "simd_peak.h"
#include "training.h"

static const lk_linear_kernels linear = {
    .name = "avx2",
    .group = OUTER_ROWS,
    .packed_tiles = packed_tiles,
    .packed_size = packed_size,
    .pack = pack,
    .rows = linear_rows,
    .peak = peak,
};

const lk_kernels lk_kernels_avx2 = {
    .convert = convert,
    .linear = &linear,
    .silu_multiply = silu_multiply,
    .rms_norm = rms_norm,
    .attend = attend,
    .log_sum_exp = log_sum_exp,
    .training = &lk_training_avx2,
};

#else

// A translation unit must not be empty.
typedef int lk_no_avx2;

#endif
