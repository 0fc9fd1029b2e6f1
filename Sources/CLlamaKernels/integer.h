// Linear layers in integers: weights in GGML's block formats times activations quantized to int8. What the numbers are;
// integer_reference.c computes them in plain C, simd_integer.h with vectors, and both give the same bits.
//
// A unit is a block of 32 weights (LK_SMALL_BLOCK) or of 256 (LK_LARGE_BLOCK, the formats named K); activations are
// quantized in units of the same size, as llama.cpp quantizes them for the same formats (quantize_row_q8_0, _q8_1 and
// _q8_K in ggml-quants.c), but scales are binary16 only where that keeps eleven bits (lk_round_scale): activations of
// less than 1e-2 keep their accuracy, and no sum overflows. A unit with an infinity or NaN has the scale NaN, so that its
// outputs show it; one below 2^-110 is zero.
//
// The products of a unit are added exactly, as integers, then rounded to float32 and scaled:
//
//   term = (d_w * d_x) * sum                             Q4_0, Q5_0, Q8_0
//   term = (d_w * d_x) * sum + m_w * s_x                 Q4_1, Q5_1
//   term = (d_w * d_x) * sum - (m_w * d_x) * minimums    K; sum and minimums include the unit's own small scales
//
// with one rounding for each product in parentheses and one fused multiply-add for each of the rest. Lane j of sixteen
// adds the terms of units j, j + 16, ... of the row, counted through all its column parts; lanes are added by the tree
// of scalar_sums.h.
#ifndef CLLAMAKERNELS_INTEGER_H
#define CLLAMAKERNELS_INTEGER_H

#include "kernels.h"

// Columns of a run: what shares a scale in most formats.
enum { LK_RUN = 32 };

static inline size_t lk_unit(lk_dtype dtype) { return lk_dtype_block_count(dtype); }
static inline bool lk_is_large(lk_dtype dtype) { return lk_unit(dtype) == LK_LARGE_BLOCK; }

// What is subtracted from a stored quant to get its value.
static inline int lk_quant_offset(lk_dtype dtype) {
    switch (dtype) {
    case LK_Q4_0: return 8;
    case LK_Q5_0: return 16;
    case LK_Q3_K: return 4;
    case LK_Q6_K: return 32;
    default: return 0;
    }
}

// Whether weights have minimums besides scales.
static inline bool lk_has_minimums(lk_dtype dtype) {
    return dtype == LK_Q4_1 || dtype == LK_Q5_1 || dtype == LK_Q2_K || dtype == LK_Q4_K || dtype == LK_Q5_K;
}

// Columns that share a scale.
static inline size_t lk_scale_columns(lk_dtype dtype) {
    return dtype == LK_Q2_K || dtype == LK_Q3_K || dtype == LK_Q6_K ? 16 : LK_RUN;
}

// Quantized activations of a tile of `tokens` tokens. All arrays end with [tokens], so that a tile of one token is that
// token's plain rows (whose quants some instruction sets interleave: `quantize_token`).
//
//   quants    [columns / 4, tokens, 4] int8
//   d         [units, tokens] float
//   small units: sums [units, tokens] int32 of the quants; s [units, tokens] float, the scale times the sum,
//                both before they are rounded as scales are
//   large units: sums16 [units, 8, tokens, 2] int16 of runs of 16 quants, and
//                sums32 [units, 4, tokens, 2] int16 of runs of 32
typedef struct {
    int8_t *quants;
    float *d;
    int32_t *sums;
    float *s;
    int16_t *sums16, *sums32;
} lk_quantized;

// Floats of memory that one token's quantized activations need, for weights of a dtype: whole cache lines.
static inline size_t lk_quantized_floats(lk_dtype dtype, size_t columns) {
    size_t units = columns / lk_unit(dtype), floats = columns / 4 + units + (lk_is_large(dtype) ? 8 + 4 : 2) * units;
    return (floats + 15) / 16 * 16;
}

// The arrays of a tile whose memory begins at `memory`.
static inline lk_quantized lk_quantized_tile(lk_dtype dtype, size_t columns, size_t tokens, float *memory) {
    size_t units = columns / lk_unit(dtype);
    float *d = memory + columns / 4 * tokens, *rest = d + units * tokens;
    lk_quantized to = {.quants = (int8_t *)memory, .d = d};
    if (lk_is_large(dtype)) {
        to.sums16 = (int16_t *)(void *)rest;
        to.sums32 = (int16_t *)(void *)(rest + 8 * units * tokens);
    } else {
        to.sums = (int32_t *)(void *)rest;
        to.s = rest + units * tokens;
    }
    return to;
}

// One unit's scales as integers and as floats.
typedef struct {
    float d, m;
    // Of runs of 16 columns; formats with scales for 32 have each twice. 1 and 0 for small units.
    int16_t scales[16], minimums[16];
} lk_unit_scales;

#endif
