// The kernels with AVX2, FMA and F16C: 16 registers of 8 floats.
#if defined(__x86_64__)

#include <immintrin.h>
#include <math.h>
#include <string.h>

#include "kernels.h"

#pragma STDC FP_CONTRACT OFF
#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)

#define INLINE inline __attribute__((always_inline))
#define UNROLL _Pragma("clang loop unroll(full)")
#define VEC_LANES 8
// 2 x 4 sums, 4 weights and an activation are 13 of 16 registers, and 8 sums just hide a multiply-add's latency of
// 4 at 2 a cycle. A third token would spill sums to memory: measured, 0.6 of the speed.
#define TILE_TOKENS 2
#define SCORE_BLOCKS 1
#define VALUE_VECTORS 2

typedef __m256 vec;

static INLINE __m256i first_lanes(size_t n) {
    __m256i lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(n >= 8 ? 8 : (int)n), lanes);
}

static INLINE vec vec_zero(void) { return _mm256_setzero_ps(); }
static INLINE vec vec_set(float value) { return _mm256_set1_ps(value); }
static INLINE vec vec_load(const float *from) { return _mm256_loadu_ps(from); }
static INLINE vec vec_load_n(const float *from, size_t n) { return _mm256_maskload_ps(from, first_lanes(n)); }
static INLINE void vec_store(float *to, vec value) { _mm256_storeu_ps(to, value); }
static INLINE void vec_store_n(float *to, vec value, size_t n) { _mm256_maskstore_ps(to, first_lanes(n), value); }
static INLINE vec vec_add(vec a, vec b) { return _mm256_add_ps(a, b); }
static INLINE vec vec_sub(vec a, vec b) { return _mm256_sub_ps(a, b); }
static INLINE vec vec_mul(vec a, vec b) { return _mm256_mul_ps(a, b); }
static INLINE vec vec_div(vec a, vec b) { return _mm256_div_ps(a, b); }
static INLINE vec vec_fma(vec a, vec b, vec c) { return _mm256_fmadd_ps(a, b, c); }
static INLINE vec vec_min(vec a, vec b) { return _mm256_min_ps(a, b); }
static INLINE vec vec_max(vec a, vec b) { return _mm256_max_ps(a, b); }
static INLINE vec vec_round(vec a) { return _mm256_round_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }

// 2^n for whole n in -126 ... 127.
static INLINE vec vec_power_of_2(vec n) {
    __m256i exponent = _mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127));
    return _mm256_castsi256_ps(_mm256_slli_epi32(exponent, 23));
}

// The first n lanes of a, `fill` in the rest.
static INLINE vec vec_keep_n(vec a, float fill, size_t n) {
    return _mm256_blendv_ps(vec_set(fill), a, _mm256_castsi256_ps(first_lanes(n)));
}

static INLINE float vec_first(vec a) { return _mm256_cvtss_f32(a); }

static INLINE float vec_maximum(vec a) {
    __m128 half = _mm_max_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
    half = _mm_max_ps(half, _mm_movehl_ps(half, half));
    return _mm_cvtss_f32(_mm_max_ss(half, _mm_movehdup_ps(half)));
}

// The sums of four vectors, each as the same tree: transposing while adding needs half the operations of four
// separate sums.
static INLINE __m128 vec_sum4(vec a, vec b, vec c, vec d) {
    vec ab = _mm256_add_ps(_mm256_unpacklo_ps(a, b), _mm256_unpackhi_ps(a, b));
    vec cd = _mm256_add_ps(_mm256_unpacklo_ps(c, d), _mm256_unpackhi_ps(c, d));
    vec abcd = _mm256_add_ps(_mm256_shuffle_ps(ab, cd, 0x44), _mm256_shuffle_ps(ab, cd, 0xee));
    return _mm_add_ps(_mm256_castps256_ps128(abcd), _mm256_extractf128_ps(abcd, 1));
}

static INLINE float vec_sum(vec a) { return _mm_cvtss_f32(vec_sum4(a, a, a, a)); }

// AVX2 masks no 16-bit loads, so a tail goes through a copy.
static INLINE __m128i load_halves_n(const void *from, size_t n) {
    uint16_t halves[8] = {0};
    memcpy(halves, from, 2 * n);
    return _mm_loadu_si128((const __m128i *)(const void *)halves);
}

static INLINE vec bf16_to_vec(__m128i bits) {
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(bits), 16));
}

static INLINE vec vec_load_f16(const void *from) { return _mm256_cvtph_ps(_mm_loadu_si128(from)); }
static INLINE vec vec_load_bf16(const void *from) { return bf16_to_vec(_mm_loadu_si128(from)); }
static INLINE vec vec_load_f16_n(const void *from, size_t n) { return _mm256_cvtph_ps(load_halves_n(from, n)); }
static INLINE vec vec_load_bf16_n(const void *from, size_t n) { return bf16_to_vec(load_halves_n(from, n)); }

// 8 elements of blocks of 32; k is a multiple of 8.
static INLINE vec vec_load_q8_0(const char *row, size_t k) {
    const char *block = row + k / 32 * 34;
    uint16_t d;
    memcpy(&d, block, sizeof d);
    __m128i quants = _mm_loadl_epi64((const __m128i *)(const void *)(block + 2 + k % 32));
    return _mm256_mul_ps(_mm256_cvtph_ps(_mm_set1_epi16((short)d)),
                         _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(quants)));
}
static INLINE vec vec_load_q4_0(const char *row, size_t k) {
    const char *block = row + k / 32 * 18;
    uint16_t d;
    memcpy(&d, block, sizeof d);
    __m128i bytes = _mm_loadl_epi64((const __m128i *)(const void *)(block + 2 + k % 16));
    __m256i pairs = _mm256_cvtepu8_epi32(bytes);
    __m256i nibbles = _mm256_and_si256(_mm256_srl_epi32(pairs, _mm_cvtsi32_si128(k % 32 / 16 * 4)),
                                       _mm256_set1_epi32(0xf));
    return _mm256_mul_ps(_mm256_cvtph_ps(_mm_set1_epi16((short)d)),
                         _mm256_cvtepi32_ps(_mm256_sub_epi32(nibbles, _mm256_set1_epi32(8))));
}

static INLINE float half_to_float(uint16_t bits) { return _cvtsh_ss(bits); }

// In this order: linear layers decode blocks, attention uses the exponential.
#include "blocks.h"
#include "simd_linear.h"
#include "simd_elementwise.h"
#include "simd_attention.h"

#pragma clang attribute pop

const lk_kernels lk_kernels_avx2 = {
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
typedef int lk_no_avx2;

#endif
