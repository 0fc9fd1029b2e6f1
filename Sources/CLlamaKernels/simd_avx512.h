// The vector operations of AVX-512 (F, BW, VL, DQ): 32 registers of 16 floats, masked loads and stores.
//
// The names are those of simd_avx2.h, which describes them.
#ifndef CLLAMAKERNELS_SIMD_H
#define CLLAMAKERNELS_SIMD_H

// What a source file uses beyond that, as ",name".
#ifndef SIMD_TARGET_EXTENSIONS
#define SIMD_TARGET_EXTENSIONS ""
#endif
#define SIMD_BEGIN SIMD_PRAGMA(clang attribute push(__attribute__((target(SIMD_TARGET))), apply_to = function))
#define SIMD_TARGET "avx512f,avx512bw,avx512vl,avx512dq" SIMD_TARGET_EXTENSIONS
#define SIMD_PRAGMA(text) SIMD_PRAGMA_OF(text)
#define SIMD_PRAGMA_OF(text) _Pragma(#text)
#define SIMD_END _Pragma("clang attribute pop")
#define VEC_LANES 16

#pragma STDC FP_CONTRACT OFF

#include "blocks.h"
#include "simd_x86.h"

// Of 32 registers, 6 x 4 sums, 4 weights and an activation are 29; 12 x 32 sums and two vectors of weights are 26, with
// the activations as memory operands.
#define DOT_TOKENS 6
#define DOT_ROWS 4
#define FEW_TOKENS 32
#define OUTER_TOKENS 12
#define OUTER_VECTORS 2
#define SCORE_BLOCKS 4
#define VALUE_VECTORS 4
#define PEAK_SUMS 12

SIMD_BEGIN

typedef __m512 vec;

static INLINE __mmask16 first_lanes(size_t n) { return n >= 16 ? 0xffff : (__mmask16)((1u << n) - 1); }

// MARK: Loads and stores

static INLINE vec vec_zero(void) { return _mm512_setzero_ps(); }
static INLINE vec vec_set(float value) { return _mm512_set1_ps(value); }
static INLINE vec vec_load(const float *from) { return _mm512_loadu_ps(from); }
static INLINE vec vec_load_n(const float *from, size_t n) { return _mm512_maskz_loadu_ps(first_lanes(n), from); }
static INLINE void vec_store(float *to, vec value) { _mm512_storeu_ps(to, value); }
static INLINE void vec_store_n(float *to, vec value, size_t n) { _mm512_mask_storeu_ps(to, first_lanes(n), value); }

static INLINE vec vec_load_twice_n(const float *from, size_t n) {
    __m512i lanes = _mm512_setr_epi32(0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7);
    __m256 floats = _mm256_maskz_loadu_ps((__mmask8)first_lanes(n / 2), from);
    return _mm512_permutexvar_ps(lanes, _mm512_castps256_ps512(floats));
}

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

static INLINE vec vec_set_f16(const void *from) {
    return _mm512_cvtph_ps(_mm256_set1_epi16((short)load_half_bits(from)));
}
static INLINE vec vec_join(__m256 low, __m256 high) {
    return _mm512_insertf32x8(_mm512_castps256_ps512(low), high, 1);
}
static INLINE vec floats_of_bytes(__m128i signed_bytes) {
    return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(signed_bytes));
}

// MARK: Arithmetic

static INLINE vec vec_add(vec a, vec b) { return _mm512_add_ps(a, b); }
static INLINE vec vec_sub(vec a, vec b) { return _mm512_sub_ps(a, b); }
static INLINE vec vec_mul(vec a, vec b) { return _mm512_mul_ps(a, b); }
static INLINE vec vec_div(vec a, vec b) { return _mm512_div_ps(a, b); }
static INLINE vec vec_sqrt(vec a) { return _mm512_sqrt_ps(a); }
static INLINE vec vec_fma(vec a, vec b, vec c) { return _mm512_fmadd_ps(a, b, c); }
static INLINE vec vec_fnma(vec a, vec b, vec c) { return _mm512_fnmadd_ps(a, b, c); }
static INLINE vec vec_fmaddsub(vec a, vec b, vec c) { return _mm512_fmaddsub_ps(a, b, c); }
static INLINE vec vec_min(vec a, vec b) { return _mm512_min_ps(a, b); }
static INLINE vec vec_max(vec a, vec b) { return _mm512_max_ps(a, b); }
static INLINE vec vec_round(vec a) { return _mm512_roundscale_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
static INLINE vec vec_scale(vec a, vec n) { return _mm512_scalef_ps(a, n); }

// MARK: Lanes

static INLINE vec vec_keep_n(vec a, float fill, size_t n) {
    return _mm512_mask_blend_ps(first_lanes(n), vec_set(fill), a);
}

static INLINE vec vec_swap_pairs(vec a) { return _mm512_permute_ps(a, 0xb1); }
static INLINE void vec_hide(vec *a) { __asm__ volatile("" : "+v"(*a)); }
static INLINE float vec_first(vec a) { return _mm512_cvtss_f32(a); }
static INLINE float vec_maximum(vec a) { return _mm512_reduce_max_ps(a); }

static INLINE vec4 vec_sum4(vec a, vec b, vec c, vec d) {
    vec ab = _mm512_add_ps(_mm512_unpacklo_ps(a, b), _mm512_unpackhi_ps(a, b));
    vec cd = _mm512_add_ps(_mm512_unpacklo_ps(c, d), _mm512_unpackhi_ps(c, d));
    vec abcd = _mm512_add_ps(_mm512_shuffle_ps(ab, cd, 0x44), _mm512_shuffle_ps(ab, cd, 0xee));
    __m256 half = _mm256_add_ps(_mm512_castps512_ps256(abcd), _mm512_extractf32x8_ps(abcd, 1));
    return _mm_add_ps(_mm256_castps256_ps128(half), _mm256_extractf128_ps(half, 1));
}

static INLINE float vec_sum(vec a) { return vec4_first(vec_sum4(a, a, a, a)); }

// MARK: Transposition

static INLINE void store_transposed(const vec rows[16], float *to, size_t step) {
    vec a[16], b[16];
    UNROLL for (int i = 0; i < 8; i++) {
        a[2 * i] = _mm512_unpacklo_ps(rows[2 * i], rows[2 * i + 1]);
        a[2 * i + 1] = _mm512_unpackhi_ps(rows[2 * i], rows[2 * i + 1]);
    }
    // b[4 i + j]: column j of each group of four, for rows 4 i ..< 4 i + 4.
    UNROLL for (int i = 0; i < 4; i++) {
        b[4 * i] = _mm512_shuffle_ps(a[4 * i], a[4 * i + 2], 0x44);
        b[4 * i + 1] = _mm512_shuffle_ps(a[4 * i], a[4 * i + 2], 0xee);
        b[4 * i + 2] = _mm512_shuffle_ps(a[4 * i + 1], a[4 * i + 3], 0x44);
        b[4 * i + 3] = _mm512_shuffle_ps(a[4 * i + 1], a[4 * i + 3], 0xee);
    }
    UNROLL for (size_t j = 0; j < 4; j++) {
        vec even01 = _mm512_shuffle_f32x4(b[j], b[4 + j], 0x88), odd01 = _mm512_shuffle_f32x4(b[j], b[4 + j], 0xdd);
        vec even23 = _mm512_shuffle_f32x4(b[8 + j], b[12 + j], 0x88);
        vec odd23 = _mm512_shuffle_f32x4(b[8 + j], b[12 + j], 0xdd);
        vec_store(to + j * step, _mm512_shuffle_f32x4(even01, even23, 0x88));
        vec_store(to + (j + 4) * step, _mm512_shuffle_f32x4(odd01, odd23, 0x88));
        vec_store(to + (j + 8) * step, _mm512_shuffle_f32x4(even01, even23, 0xdd));
        vec_store(to + (j + 12) * step, _mm512_shuffle_f32x4(odd01, odd23, 0xdd));
    }
}

// MARK: Doubles, half a vector at a time

typedef __m512d double_vec;

static INLINE double_vec double_vec_zero(void) { return _mm512_setzero_pd(); }
static INLINE double_vec vec_low_doubles(vec a) { return _mm512_cvtps_pd(_mm512_castps512_ps256(a)); }
static INLINE double_vec vec_high_doubles(vec a) { return _mm512_cvtps_pd(_mm512_extractf32x8_ps(a, 1)); }
static INLINE double_vec double_vec_add(double_vec a, double_vec b) { return _mm512_add_pd(a, b); }
static INLINE double_vec double_vec_fma(double_vec a, double_vec b, double_vec c) { return _mm512_fmadd_pd(a, b, c); }
static INLINE double double_vec_sum(double_vec a) {
    __m256d four = _mm256_add_pd(_mm512_castpd512_pd256(a), _mm512_extractf64x4_pd(a, 1));
    __m128d two = _mm_add_pd(_mm256_castpd256_pd128(four), _mm256_extractf128_pd(four, 1));
    return _mm_cvtsd_f64(_mm_add_sd(two, _mm_unpackhi_pd(two, two)));
}

SIMD_END

#endif
