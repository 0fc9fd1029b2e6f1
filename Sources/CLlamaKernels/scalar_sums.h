// The order in which every kernel sums, in plain C.
//
// Lane j of sixteen adds the terms j, j + 16, ... in ascending order, with fused multiply-adds from zero, and one tree
// adds the lanes.
#ifndef CLLAMAKERNELS_SCALAR_SUMS_H
#define CLLAMAKERNELS_SCALAR_SUMS_H

#include <stdbool.h>
#include <stddef.h>

#include "scalar_math.h"

enum { LANES = 16 };

typedef struct {
    float lane[LANES];
} lanes;

// The order that adding pairs of registers, then halves of one, comes to.
static inline float sum_of_lanes(const lanes *sums) {
    float quarters[4];
    for (int q = 0; q < 4; q++) {
        const float *from = sums->lane + 4 * q;
        quarters[q] = (from[0] + from[2]) + (from[1] + from[3]);
    }
    return (quarters[0] + quarters[2]) + (quarters[1] + quarters[3]);
}

// n products; a last group of fewer than sixteen is filled up with zeros.
static inline void add_products(lanes *sums, const float *a, const float *b, size_t n) {
    for (size_t i = 0; i < (n + LANES - 1) / LANES * LANES; i++) {
        sums->lane[i % LANES] = fmaf(i < n ? a[i] : 0, i < n ? b[i] : 0, sums->lane[i % LANES]);
    }
}

// Writes an output of a linear layer, or adds it to what is there. `bias` is that of its row, or NULL.
static inline void emit_output(float *out, float value, const float *bias, bool accumulate) {
    if (bias) value += *bias;
    *out = accumulate ? *out + value : value;
}

#endif
