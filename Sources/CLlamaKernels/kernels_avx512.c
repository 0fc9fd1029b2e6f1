// The kernels with AVX-512 (F, BW, VL, DQ): 32 registers of 16 floats, masked loads and stores.
#if defined(__x86_64__)

#include <immintrin.h>
#include <math.h>
#include <string.h>

#include "kernels.h"

#pragma STDC FP_CONTRACT OFF
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx2,fma,f16c"))), \
                             apply_to = function)

#define INLINE inline __attribute__((always_inline))
#define UNROLL _Pragma("clang loop unroll(full)")
#define VEC_LANES 16
// 6 x 4 sums, 4 weights and an activation are 29 of 32 registers, and its 10 loads per 24 multiply-adds leave
// the load ports a third idle.
#define TILE_TOKENS 6
#define SCORE_BLOCKS 4
#define VALUE_VECTORS 4

typedef __m512 vec;

static INLINE __mmask16 first_lanes(size_t n) { return n >= 16 ? 0xffff : (__mmask16)((1u << n) - 1); }

static INLINE vec vec_zero(void) { return _mm512_setzero_ps(); }
static INLINE vec vec_set(float value) { return _mm512_set1_ps(value); }
static INLINE vec vec_load(const float *from) { return _mm512_loadu_ps(from); }
static INLINE vec vec_load_n(const float *from, size_t n) { return _mm512_maskz_loadu_ps(first_lanes(n), from); }
static INLINE void vec_store(float *to, vec value) { _mm512_storeu_ps(to, value); }
static INLINE void vec_store_n(float *to, vec value, size_t n) { _mm512_mask_storeu_ps(to, first_lanes(n), value); }
static INLINE vec vec_add(vec a, vec b) { return _mm512_add_ps(a, b); }
static INLINE vec vec_sub(vec a, vec b) { return _mm512_sub_ps(a, b); }
static INLINE vec vec_mul(vec a, vec b) { return _mm512_mul_ps(a, b); }
static INLINE vec vec_div(vec a, vec b) { return _mm512_div_ps(a, b); }
static INLINE vec vec_fma(vec a, vec b, vec c) { return _mm512_fmadd_ps(a, b, c); }
static INLINE vec vec_min(vec a, vec b) { return _mm512_min_ps(a, b); }
static INLINE vec vec_max(vec a, vec b) { return _mm512_max_ps(a, b); }
static INLINE vec vec_round(vec a) { return _mm512_roundscale_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }

// 2^n for whole n in -126 ... 127.
static INLINE vec vec_power_of_2(vec n) {
    __m512i exponent = _mm512_add_epi32(_mm512_cvtps_epi32(n), _mm512_set1_epi32(127));
    return _mm512_castsi512_ps(_mm512_slli_epi32(exponent, 23));
}

// The first n lanes of a, `fill` in the rest.
static INLINE vec vec_keep_n(vec a, float fill, size_t n) {
    return _mm512_mask_blend_ps(first_lanes(n), vec_set(fill), a);
}

static INLINE float vec_first(vec a) { return _mm512_cvtss_f32(a); }
static INLINE float vec_maximum(vec a) { return _mm512_reduce_max_ps(a); }

// The sums of four vectors, each as the same tree: transposing while adding needs half the operations of four
// separate sums.
static INLINE __m128 vec_sum4(vec a, vec b, vec c, vec d) {
    vec ab = _mm512_add_ps(_mm512_unpacklo_ps(a, b), _mm512_unpackhi_ps(a, b));
    vec cd = _mm512_add_ps(_mm512_unpacklo_ps(c, d), _mm512_unpackhi_ps(c, d));
    vec abcd = _mm512_add_ps(_mm512_shuffle_ps(ab, cd, 0x44), _mm512_shuffle_ps(ab, cd, 0xee));
    __m256 half = _mm256_add_ps(_mm512_castps512_ps256(abcd), _mm512_extractf32x8_ps(abcd, 1));
    return _mm_add_ps(_mm256_castps256_ps128(half), _mm256_extractf128_ps(half, 1));
}

static INLINE float vec_sum(vec a) { return _mm_cvtss_f32(vec_sum4(a, a, a, a)); }

static INLINE vec bf16_to_vec(__m256i bits) {
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(bits), 16));
}

static INLINE vec vec_load_f16(const void *from) { return _mm512_cvtph_ps(_mm256_loadu_si256(from)); }
static INLINE vec vec_load_bf16(const void *from) { return bf16_to_vec(_mm256_loadu_si256(from)); }
static INLINE vec vec_load_f16_n(const void *from, size_t n) {
    return _mm512_cvtph_ps(_mm256_maskz_loadu_epi16(first_lanes(n), from));
}
static INLINE vec vec_load_bf16_n(const void *from, size_t n) {
    return bf16_to_vec(_mm256_maskz_loadu_epi16(first_lanes(n), from));
}

// 16 elements of blocks of 32; k is a multiple of 16.
static INLINE vec vec_load_q8_0(const char *row, size_t k) {
    const char *block = row + k / 32 * 34;
    uint16_t d;
    memcpy(&d, block, sizeof d);
    __m128i quants = _mm_loadu_si128((const __m128i *)(const void *)(block + 2 + k % 32));
    return _mm512_mul_ps(_mm512_cvtph_ps(_mm256_set1_epi16((short)d)),
                         _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(quants)));
}
static INLINE vec vec_load_q4_0(const char *row, size_t k) {
    const char *block = row + k / 32 * 18;
    uint16_t d;
    memcpy(&d, block, sizeof d);
    __m512i pairs = _mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)(const void *)(block + 2)));
    __m512i nibbles = _mm512_and_si512(_mm512_srl_epi32(pairs, _mm_cvtsi32_si128(k % 32 / 16 * 4)),
                                       _mm512_set1_epi32(0xf));
    return _mm512_mul_ps(_mm512_cvtph_ps(_mm256_set1_epi16((short)d)),
                         _mm512_cvtepi32_ps(_mm512_sub_epi32(nibbles, _mm512_set1_epi32(8))));
}

static INLINE float half_to_float(uint16_t bits) { return _cvtsh_ss(bits); }

// In this order: linear layers decode blocks, attention uses the exponential.
#include "blocks.h"
#include "simd_linear.h"
#include "simd_elementwise.h"
#include "simd_attention.h"

#pragma clang attribute pop

const lk_kernels lk_kernels_avx512 = {
    .convert = convert,
    .linear_rows = linear_rows,
    .packed_tiles = packed_tiles,
    .packed_size = packed_size,
    .pack = pack,
    .silu_multiply = silu_multiply,
    .rms_norm = rms_norm,
    .attend = attend,
    .log_sum_exp = log_sum_exp,
};

#else

// A translation unit may not be empty.
typedef int lk_no_avx512;

#endif
