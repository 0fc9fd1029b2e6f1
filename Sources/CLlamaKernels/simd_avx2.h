// The vector operations of AVX2, FMA and F16C: 16 registers of 8 floats.
//
// simd_avx512.h defines the same names over its own registers; the loops of inference and training in the other
// simd_*.h are written over either. A source file includes exactly one of them, before the loops. Functions between
// SIMD_BEGIN and SIMD_END may use the instruction set.
#ifndef CLLAMAKERNELS_SIMD_H
#define CLLAMAKERNELS_SIMD_H

#define SIMD_BEGIN \
    _Pragma("clang attribute push(__attribute__((target(\"avx2,fma,f16c\"))), apply_to = function)")
#define SIMD_END _Pragma("clang attribute pop")
#define VEC_LANES 8

// Products and sums are fused where `vec_fma` says so and nowhere else.
#pragma STDC FP_CONTRACT OFF

#include "blocks.h"
#include "simd_x86.h"

// Tile sizes of the loops, from the number of registers. 2 x 4 sums, 4 weights and an activation are 13 of 16
// registers, and 8 sums just hide a multiply-add's latency of 4 at 2 a cycle. A third token would spill sums to
// memory: measured, 0.6 of the speed.
#define TILE_TOKENS 2
#define SCORE_BLOCKS 1
#define VALUE_VECTORS 2

SIMD_BEGIN

typedef __m256 vec;

static INLINE __m256i first_lanes(size_t n) {
    __m256i lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(n >= 8 ? 8 : (int)n), lanes);
}

// MARK: Loads and stores. Those named _n touch the first n lanes alone and load 0 into the others.

static INLINE vec vec_zero(void) { return _mm256_setzero_ps(); }
static INLINE vec vec_set(float value) { return _mm256_set1_ps(value); }
static INLINE vec vec_load(const float *from) { return _mm256_loadu_ps(from); }
static INLINE vec vec_load_n(const float *from, size_t n) { return _mm256_maskload_ps(from, first_lanes(n)); }
static INLINE void vec_store(float *to, vec value) { _mm256_storeu_ps(to, value); }
static INLINE void vec_store_n(float *to, vec value, size_t n) { _mm256_maskstore_ps(to, first_lanes(n), value); }

// n / 2 floats, each in two neighboring lanes; n is even.
static INLINE vec vec_load_twice_n(const float *from, size_t n) {
    __m128i lanes = _mm256_castsi256_si128(first_lanes(n / 2));
    return _mm256_permutevar8x32_ps(_mm256_castps128_ps256(_mm_maskload_ps(from, lanes)),
                                    _mm256_setr_epi32(0, 0, 1, 1, 2, 2, 3, 3));
}

// AVX2 masks no 16-bit loads, so a tail is copied first.
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

// One binary16 value in every lane.
static INLINE vec vec_set_f16(const void *from) {
    return _mm256_cvtph_ps(_mm_set1_epi16((short)load_half_bits(from)));
}

// 8 elements of a row of blocks; k is a multiple of 8.
static INLINE vec vec_load_q8_0(const void *row, size_t k) {
    const q8_0_block *block = (const q8_0_block *)row + k / 32;
    __m128i quants = _mm_loadl_epi64((const __m128i *)(const void *)(block->quants + k % 32));
    return _mm256_mul_ps(vec_set_f16(block->d), _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(quants)));
}
static INLINE vec vec_load_q4_0(const void *row, size_t k) {
    const q4_0_block *block = (const q4_0_block *)row + k / 32;
    __m256i pairs = _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)(const void *)(block->quants + k % 16)));
    __m256i nibbles = _mm256_and_si256(_mm256_srl_epi32(pairs, _mm_cvtsi32_si128(k % 32 / 16 * 4)),
                                       _mm256_set1_epi32(0xf));
    return _mm256_mul_ps(vec_set_f16(block->d), _mm256_cvtepi32_ps(_mm256_sub_epi32(nibbles, _mm256_set1_epi32(8))));
}

// MARK: Arithmetic

static INLINE vec vec_add(vec a, vec b) { return _mm256_add_ps(a, b); }
static INLINE vec vec_sub(vec a, vec b) { return _mm256_sub_ps(a, b); }
static INLINE vec vec_mul(vec a, vec b) { return _mm256_mul_ps(a, b); }
static INLINE vec vec_div(vec a, vec b) { return _mm256_div_ps(a, b); }
static INLINE vec vec_sqrt(vec a) { return _mm256_sqrt_ps(a); }
// a * b + c, rounded once.
static INLINE vec vec_fma(vec a, vec b, vec c) { return _mm256_fmadd_ps(a, b, c); }
// c - a * b, rounded once.
static INLINE vec vec_fnma(vec a, vec b, vec c) { return _mm256_fnmadd_ps(a, b, c); }
// a * b - c in even lanes, a * b + c in odd ones.
static INLINE vec vec_fmaddsub(vec a, vec b, vec c) { return _mm256_fmaddsub_ps(a, b, c); }
// Minimum and maximum return b where either operand is NaN.
static INLINE vec vec_min(vec a, vec b) { return _mm256_min_ps(a, b); }
static INLINE vec vec_max(vec a, vec b) { return _mm256_max_ps(a, b); }
static INLINE vec vec_round(vec a) { return _mm256_round_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }

// a * 2^n, rounded once, for whole n in -252 ... 254 and a in 0.5 ... 2. In two factors of about 2^(n / 2), because an
// exponent reaches from -126 to 127 only; the first product is exact. The sum's low bits are those of n and twice the
// exponent's bias.
static INLINE vec vec_scale(vec a, vec n) {
    __m256i both = _mm256_castps_si256(_mm256_add_ps(n, vec_set(0x1.8p+23f + 2 * 127)));
    __m256i half = _mm256_srli_epi32(both, 1), rest = _mm256_sub_epi32(both, half);
    vec scaled = vec_mul(a, _mm256_castsi256_ps(_mm256_slli_epi32(half, 23)));
    return vec_mul(scaled, _mm256_castsi256_ps(_mm256_slli_epi32(rest, 23)));
}

// MARK: Lanes

// The first n lanes of a, `fill` in the rest.
static INLINE vec vec_keep_n(vec a, float fill, size_t n) {
    return _mm256_blendv_ps(vec_set(fill), a, _mm256_castsi256_ps(first_lanes(n)));
}

// Each lane's neighbor: lanes 0 and 1 exchanged, 2 and 3, ...
static INLINE vec vec_swap_pairs(vec a) { return _mm256_permute_ps(a, 0xb1); }

static INLINE float vec_first(vec a) { return _mm256_cvtss_f32(a); }

static INLINE float vec_maximum(vec a) {
    __m128 half = _mm_max_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
    half = _mm_max_ps(half, _mm_movehl_ps(half, half));
    return _mm_cvtss_f32(_mm_max_ss(half, _mm_movehdup_ps(half)));
}

// The sums of four vectors, each as the same tree: transposing while adding needs half the operations of four
// separate sums.
static INLINE vec4 vec_sum4(vec a, vec b, vec c, vec d) {
    vec ab = _mm256_add_ps(_mm256_unpacklo_ps(a, b), _mm256_unpackhi_ps(a, b));
    vec cd = _mm256_add_ps(_mm256_unpacklo_ps(c, d), _mm256_unpackhi_ps(c, d));
    vec abcd = _mm256_add_ps(_mm256_shuffle_ps(ab, cd, 0x44), _mm256_shuffle_ps(ab, cd, 0xee));
    return _mm_add_ps(_mm256_castps256_ps128(abcd), _mm256_extractf128_ps(abcd, 1));
}

static INLINE float vec_sum(vec a) { return vec4_first(vec_sum4(a, a, a, a)); }

// MARK: Doubles, half a vector at a time

typedef __m256d double_vec;

static INLINE double_vec double_vec_zero(void) { return _mm256_setzero_pd(); }
static INLINE double_vec vec_low_doubles(vec a) { return _mm256_cvtps_pd(_mm256_castps256_ps128(a)); }
static INLINE double_vec vec_high_doubles(vec a) { return _mm256_cvtps_pd(_mm256_extractf128_ps(a, 1)); }
static INLINE double_vec double_vec_add(double_vec a, double_vec b) { return _mm256_add_pd(a, b); }
static INLINE double_vec double_vec_fma(double_vec a, double_vec b, double_vec c) { return _mm256_fmadd_pd(a, b, c); }
static INLINE double double_vec_sum(double_vec a) {
    __m128d two = _mm_add_pd(_mm256_castpd256_pd128(a), _mm256_extractf128_pd(a, 1));
    return _mm_cvtsd_f64(_mm_add_sd(two, _mm_unpackhi_pd(two, two)));
}

SIMD_END

#endif
