// GGML's block formats: their layouts, and their decoding in plain loops that the compiler vectorizes with whatever
// the functions between SIMD_BEGIN and SIMD_END may use.
//
// Sources: block_* in ggml-common.h and dequantize_row_* in ggml-quants.c of llama.cpp. Every operation rounds to
// float32, so that all instruction sets and the LlamaTensors module give the same values.
#ifndef CLLAMAKERNELS_BLOCKS_H
#define CLLAMAKERNELS_BLOCKS_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "CLlamaKernels.h"
#include "half.h"
#include "integer.h"

#ifndef SIMD_BEGIN
#error "include simd_avx2.h, simd_avx512.h or simd_none.h first"
#endif

// MARK: Layouts. All fields are bytes, so that a block has no padding and may begin anywhere.

// 32 elements that share the binary16 scale d, and in some formats the minimum m. In `quants` of 4 bits, low nibbles
// hold the first half of the elements; `fifths` are their fifth bits, one little-endian word.
typedef struct { uint8_t d[2], quants[16]; } q4_0_block;
typedef struct { uint8_t d[2], m[2], quants[16]; } q4_1_block;
typedef struct { uint8_t d[2], fifths[4], quants[16]; } q5_0_block;
typedef struct { uint8_t d[2], m[2], fifths[4], quants[16]; } q5_1_block;
typedef struct { uint8_t d[2]; int8_t quants[32]; } q8_0_block;

// 256 elements in 8 runs of 32 (q2_k, q3_k and q6_k: 16 halves of 16), whose own small scales are scaled by binary16
// factors for all.
typedef struct {
    uint8_t scales[16];  // scale in the low 4 bits, minimum in the high
    uint8_t quants[64];  // four of 2 bits
    uint8_t d[2], dmin[2];
} q2_k_block;
typedef struct {
    uint8_t thirds[32];  // eight third bits
    uint8_t quants[64];  // four of 2 bits
    uint8_t scales[12];  // 16 of 6 bits
    uint8_t d[2];
} q3_k_block;
typedef struct {
    uint8_t d[2], dmin[2];
    uint8_t scales[12];  // 8 scales and 8 minima of 6 bits
    uint8_t quants[128];  // two of 4 bits
} q4_k_block;
typedef struct {
    uint8_t d[2], dmin[2];
    uint8_t scales[12];  // as in q4_k
    uint8_t fifths[32];  // eight fifth bits
    uint8_t quants[128];  // two of 4 bits
} q5_k_block;
typedef struct {
    uint8_t low[128];  // two of 4 bits
    uint8_t high[64];  // four of 2 bits
    int8_t scales[16];
    uint8_t d[2];
} q6_k_block;

_Static_assert(sizeof(q4_0_block) == LK_Q4_0_BYTES, "Q4_0");
_Static_assert(sizeof(q4_1_block) == LK_Q4_1_BYTES, "Q4_1");
_Static_assert(sizeof(q5_0_block) == LK_Q5_0_BYTES, "Q5_0");
_Static_assert(sizeof(q5_1_block) == LK_Q5_1_BYTES, "Q5_1");
_Static_assert(sizeof(q8_0_block) == LK_Q8_0_BYTES, "Q8_0");
_Static_assert(sizeof(q2_k_block) == LK_Q2_K_BYTES, "Q2_K");
_Static_assert(sizeof(q3_k_block) == LK_Q3_K_BYTES, "Q3_K");
_Static_assert(sizeof(q4_k_block) == LK_Q4_K_BYTES, "Q4_K");
_Static_assert(sizeof(q5_k_block) == LK_Q5_K_BYTES, "Q5_K");
_Static_assert(sizeof(q6_k_block) == LK_Q6_K_BYTES, "Q6_K");
_Static_assert(sizeof((q8_0_block){0}.quants) == LK_SMALL_BLOCK, "the formats without K");
_Static_assert(2 * sizeof((q6_k_block){0}.low) == LK_LARGE_BLOCK, "the formats named K");

// MARK: Decoding

SIMD_BEGIN

static inline float load_half(const uint8_t *from) {
    uint16_t bits;
    memcpy(&bits, from, sizeof bits);
    return half_to_float(bits);
}

static inline uint32_t load_word(const uint8_t *from) {
    uint32_t word;
    memcpy(&word, from, sizeof word);
    return word;
}

static inline void decode_q4_0(const q4_0_block *restrict block, float *restrict to) {
    float d = load_half(block->d);
    for (int i = 0; i < 16; i++) {
        to[i] = d * (float)((block->quants[i] & 0xf) - 8);
        to[i + 16] = d * (float)((block->quants[i] >> 4) - 8);
    }
}

static inline void decode_q4_1(const q4_1_block *restrict block, float *restrict to) {
    float d = load_half(block->d), m = load_half(block->m);
    for (int i = 0; i < 16; i++) {
        to[i] = d * (float)(block->quants[i] & 0xf) + m;
        to[i + 16] = d * (float)(block->quants[i] >> 4) + m;
    }
}

static inline void decode_q5_0(const q5_0_block *restrict block, float *restrict to) {
    float d = load_half(block->d);
    uint32_t fifths = load_word(block->fifths);
    for (int i = 0; i < 16; i++) {
        to[i] = d * (float)((int)((block->quants[i] & 0xf) | (fifths >> i & 1) << 4) - 16);
        to[i + 16] = d * (float)((int)(block->quants[i] >> 4 | (fifths >> (i + 16) & 1) << 4) - 16);
    }
}

static inline void decode_q5_1(const q5_1_block *restrict block, float *restrict to) {
    float d = load_half(block->d), m = load_half(block->m);
    uint32_t fifths = load_word(block->fifths);
    for (int i = 0; i < 16; i++) {
        to[i] = d * (float)(int)((block->quants[i] & 0xf) | (fifths >> i & 1) << 4) + m;
        to[i + 16] = d * (float)(int)(block->quants[i] >> 4 | (fifths >> (i + 16) & 1) << 4) + m;
    }
}

static inline void decode_q8_0(const q8_0_block *restrict block, float *restrict to) {
    float d = load_half(block->d);
    for (int i = 0; i < 32; i++) to[i] = d * (float)block->quants[i];
}

static inline void decode_q2_k(const q2_k_block *restrict block, float *restrict to) {
    float d = load_half(block->d), dmin = load_half(block->dmin);
    for (int half = 0; half < 16; half++) {
        int run = half / 2, shift = run % 4 * 2;
        float scale = d * (float)(block->scales[half] & 0xf), minimum = dmin * (float)(block->scales[half] >> 4);
        const uint8_t *from = block->quants + run / 4 * 32 + half % 2 * 16;
        for (int i = 0; i < 16; i++) to[half * 16 + i] = scale * (float)(from[i] >> shift & 3) - minimum;
    }
}

// The scale of a run of 16, 6 bits less 32: its low 4 bits, then its high 2, packed by eights and fours.
static inline int q3_k_scale(const uint8_t *scales, int half) {
    int low = scales[half % 8] >> half / 8 * 4 & 0xf, high = scales[8 + half % 4] >> half / 4 * 2 & 3;
    return (low | high << 4) - 32;
}

static inline void decode_q3_k(const q3_k_block *restrict block, float *restrict to) {
    float d = load_half(block->d);
    for (int half = 0; half < 16; half++) {
        int run = half / 2, shift = run % 4 * 2;
        float scale = d * (float)q3_k_scale(block->scales, half);
        const uint8_t *from = block->quants + run / 4 * 32 + half % 2 * 16, *thirds = block->thirds + half % 2 * 16;
        for (int i = 0; i < 16; i++) {
            int q = (from[i] >> shift & 3) | (thirds[i] >> run & 1) << 2;
            to[half * 16 + i] = scale * (float)(q - 4);
        }
    }
}

// The scale and minimum of a run, 6 bits each. Those of the first four runs are the low bits of whole bytes; the last
// four have their low nibbles in the last four bytes and their high bits in the high bits of the first eight.
static inline void load_scale(const uint8_t *scales, int run, int16_t *scale, int16_t *minimum) {
    if (run < 4) {
        *scale = scales[run] & 0x3f;
        *minimum = scales[run + 4] & 0x3f;
    } else {
        *scale = (int16_t)((scales[run + 4] & 0xf) | (scales[run - 4] >> 2 & 0x30));
        *minimum = (int16_t)(scales[run + 4] >> 4 | (scales[run] >> 2 & 0x30));
    }
}

static inline void decode_q4_k(const q4_k_block *restrict block, float *restrict to) {
    float d = load_half(block->d), dmin = load_half(block->dmin);
    for (int run = 0; run < 8; run++) {
        int16_t small_scale, small_minimum;
        load_scale(block->scales, run, &small_scale, &small_minimum);
        float scale = (float)small_scale * d, minimum = (float)small_minimum * dmin;
        int shift = run % 2 * 4;
        const uint8_t *from = block->quants + run / 2 * 32;
        for (int i = 0; i < 32; i++) to[run * 32 + i] = scale * (float)(from[i] >> shift & 0xf) - minimum;
    }
}

static inline void decode_q5_k(const q5_k_block *restrict block, float *restrict to) {
    float d = load_half(block->d), dmin = load_half(block->dmin);
    for (int run = 0; run < 8; run++) {
        int16_t small_scale, small_minimum;
        load_scale(block->scales, run, &small_scale, &small_minimum);
        float scale = (float)small_scale * d, minimum = (float)small_minimum * dmin;
        int shift = run % 2 * 4;
        const uint8_t *from = block->quants + run / 2 * 32, *fifths = block->fifths;
        for (int i = 0; i < 32; i++) {
            int q = (from[i] >> shift & 0xf) | (fifths[i] >> run & 1) << 4;
            to[run * 32 + i] = scale * (float)q - minimum;
        }
    }
}

static inline void decode_q6_k(const q6_k_block *restrict block, float *restrict to) {
    float d = load_half(block->d);
    for (int half = 0; half < 16; half++) {
        int run = half / 2, low_shift = run % 4 / 2 * 4, high_shift = run % 4 * 2;
        float scale = d * (float)block->scales[half];
        const uint8_t *low = block->low + run / 4 * 64 + run % 2 * 32 + half % 2 * 16;
        const uint8_t *high = block->high + run / 4 * 32 + half % 2 * 16;
        for (int i = 0; i < 16; i++) {
            int q = (low[i] >> low_shift & 0xf) | (high[i] >> high_shift & 3) << 4;
            to[half * 16 + i] = scale * (float)(q - 32);
        }
    }
}

// MARK: Scales as integers, for integer.h

static inline void load_unit_scales(lk_dtype dtype, const void *bytes, lk_unit_scales *to) {
    for (int i = 0; i < 16; i++) to->scales[i] = 1, to->minimums[i] = 0;
    to->m = 0;
    switch (dtype) {
    case LK_F32:
    case LK_F16:
    case LK_BF16: break;
    case LK_Q4_0: to->d = load_half(((const q4_0_block *)bytes)->d); break;
    case LK_Q5_0: to->d = load_half(((const q5_0_block *)bytes)->d); break;
    case LK_Q8_0: to->d = load_half(((const q8_0_block *)bytes)->d); break;
    case LK_Q4_1:
        to->d = load_half(((const q4_1_block *)bytes)->d);
        to->m = load_half(((const q4_1_block *)bytes)->m);
        break;
    case LK_Q5_1:
        to->d = load_half(((const q5_1_block *)bytes)->d);
        to->m = load_half(((const q5_1_block *)bytes)->m);
        break;
    case LK_Q2_K: {
        const q2_k_block *block = bytes;
        to->d = load_half(block->d);
        to->m = load_half(block->dmin);
        for (int i = 0; i < 16; i++) {
            to->scales[i] = block->scales[i] & 0xf;
            to->minimums[i] = block->scales[i] >> 4;
        }
        break;
    }
    case LK_Q3_K: {
        const q3_k_block *block = bytes;
        to->d = load_half(block->d);
        for (int i = 0; i < 16; i++) to->scales[i] = (int16_t)q3_k_scale(block->scales, i);
        break;
    }
    case LK_Q4_K:
    case LK_Q5_K: {
        // The two begin alike.
        const q4_k_block *block = bytes;
        to->d = load_half(block->d);
        to->m = load_half(block->dmin);
        for (int i = 0; i < 16; i++) load_scale(block->scales, i / 2, &to->scales[i], &to->minimums[i]);
        break;
    }
    case LK_Q6_K: {
        const q6_k_block *block = bytes;
        to->d = load_half(block->d);
        for (int i = 0; i < 16; i++) to->scales[i] = block->scales[i];
        break;
    }
    }
}

// MARK: Scales of activations, for integer.h

typedef struct {
    float factor;  // that activations are multiplied by before they are rounded
    float d;       // their unit's scale
    float exact;   // before it is rounded
} lk_unit_scale;

// From the greatest magnitude of a unit, as integer.h says.
static inline lk_unit_scale lk_activation_scale(float greatest, size_t unit) {
    if (!(greatest < HUGE_VALF)) return (lk_unit_scale){0, NAN, NAN};
    if (greatest < 0x1p-110f) return (lk_unit_scale){0, 0, 0};
    float factor = 127 / greatest;
    if (unit == LK_LARGE_BLOCK) return (lk_unit_scale){factor, 1 / factor, 1 / factor};
    float exact = greatest / 127;
    return (lk_unit_scale){factor, lk_round_scale(exact), exact};
}

// MARK: All formats

// n elements, whole blocks.
static inline void decode_blocks(lk_dtype dtype, const void *from, float *to, size_t n) {
    size_t count = lk_dtype_block_count(dtype), size = lk_dtype_block_size(dtype);
    const char *block = from;
    for (size_t i = 0; i < n; i += count, block += size) {
        const void *bytes = block;
        switch (dtype) {
        case LK_F32:
        case LK_F16:
        case LK_BF16: return;
        case LK_Q4_0: decode_q4_0(bytes, to + i); break;
        case LK_Q4_1: decode_q4_1(bytes, to + i); break;
        case LK_Q5_0: decode_q5_0(bytes, to + i); break;
        case LK_Q5_1: decode_q5_1(bytes, to + i); break;
        case LK_Q8_0: decode_q8_0(bytes, to + i); break;
        case LK_Q2_K: decode_q2_k(bytes, to + i); break;
        case LK_Q3_K: decode_q3_k(bytes, to + i); break;
        case LK_Q4_K: decode_q4_k(bytes, to + i); break;
        case LK_Q5_K: decode_q5_k(bytes, to + i); break;
        case LK_Q6_K: decode_q6_k(bytes, to + i); break;
        }
    }
}

SIMD_END

#endif
