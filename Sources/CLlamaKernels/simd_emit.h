// Where the sums of linear layers end: sixteen outputs of a token at a time.
#ifndef CLLAMAKERNELS_SIMD_EMIT_H
#define CLLAMAKERNELS_SIMD_EMIT_H

#include "kernels.h"
#include "scalar_sums.h"

#ifndef VEC_LANES
#error "include simd_avx2.h or simd_avx512.h first"
#endif

SIMD_BEGIN

_Static_assert(VEC_LANES == LANES && VEC_LANES == LK_POSITION_LANES, "one order of summation");

// The tree of scalar_sums.h, for sixteen outputs at a time: lanes[j] holds lane j of each.
static INLINE vec sum_of_vectors(const vec lanes[VEC_LANES]) {
    vec quarters[4];
    UNROLL for (size_t q = 0; q < 4; q++) {
        const vec *from = lanes + 4 * q;
        quarters[q] = vec_add(vec_add(from[0], from[2]), vec_add(from[1], from[3]));
    }
    return vec_add(vec_add(quarters[0], quarters[2]), vec_add(quarters[1], quarters[3]));
}

// Adds the lanes of up to sixteen rows of a token, and the bias, and writes them.
static INLINE void emit_lanes(const lk_linear_op *op, size_t token, size_t row, size_t rows,
                              const vec lanes[VEC_LANES]) {
    size_t n = lk_min(rows, VEC_LANES);
    float *out = op->out + token * op->out_stride + row;
    vec value = sum_of_vectors(lanes);
    if (op->bias) value = vec_add(value, vec_load_n(op->bias + row, n));
    if (op->accumulate) value = vec_add(vec_load_n(out, n), value);
    vec_store_n(out, value, n);
}

SIMD_END

#endif
