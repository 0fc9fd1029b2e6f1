// The vector operations of AVX-512 (F, BW, VL, DQ): 32 registers of 16 floats, masked loads and stores.
//
// The names are those of simd_avx2.h, which describes them.
#ifndef CLLAMAKERNELS_SIMD_H
#define CLLAMAKERNELS_SIMD_H

#define SIMD_BEGIN \
    _Pragma("clang attribute push(__attribute__((target(\"avx512f,avx512bw,avx512vl,avx512dq\"))), apply_to = function)")
#define SIMD_END _Pragma("clang attribute pop")
#define VEC_LANES 16

#pragma STDC FP_CONTRACT OFF

#include "blocks.h"
#include "simd_x86.h"

// 6 x 4 sums, 4 weights and an activation are 29 of 32 registers, and its 10 loads per 24 multiply-adds leave the
// load ports a third idle.
#define TILE_TOKENS 6
#define SCORE_BLOCKS 4
#define VALUE_VECTORS 4

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

// 16 elements of a row of blocks; k is a multiple of 16.
static INLINE vec vec_load_q8_0(const void *row, size_t k) {
    const q8_0_block *block = (const q8_0_block *)row + k / 32;
    __m128i quants = _mm_loadu_si128((const __m128i *)(const void *)(block->quants + k % 32));
    return _mm512_mul_ps(vec_set_f16(block->d), _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(quants)));
}
static INLINE vec vec_load_q4_0(const void *row, size_t k) {
    const q4_0_block *block = (const q4_0_block *)row + k / 32;
    __m512i pairs = _mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)(const void *)block->quants));
    __m512i nibbles = _mm512_and_si512(_mm512_srl_epi32(pairs, _mm_cvtsi32_si128(k % 32 / 16 * 4)),
                                       _mm512_set1_epi32(0xf));
    return _mm512_mul_ps(vec_set_f16(block->d), _mm512_cvtepi32_ps(_mm512_sub_epi32(nibbles, _mm512_set1_epi32(8))));
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

// MARK: Doubles, half a vector at a time

typedef __m512d double_vec;

static INLINE double_vec double_vec_zero(void) { return _mm512_setzero_pd(); }
static INLINE double_vec vec_low_doubles(vec a) { return _mm512_cvtps_pd(_mm512_castps512_ps256(a)); }
static INLINE double_vec vec_high_doubles(vec a) { return _mm512_cvtps_pd(_mm512_extractf32x8_ps(a, 1)); }
static INLINE double_vec double_vec_add(double_vec a, double_vec b) { return _mm512_add_pd(a, b); }
static INLINE double_vec double_vec_fma(double_vec a, double_vec b, double_vec c) { return _mm512_fmadd_pd(a, b, c); }
static INLINE double double_vec_sum(double_vec a) { return _mm512_reduce_add_pd(a); }

SIMD_END

#endif
