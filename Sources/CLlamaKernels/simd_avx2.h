// The vector operations of AVX2, FMA and F16C: a vector of 16 floats in two registers of 8.
//
// simd_avx512.h defines the same names over its own registers; the loops of inference and training in the other
// simd_*.h are written over either. A source file includes exactly one of them, before the loops. Functions between
// SIMD_BEGIN and SIMD_END may use the instruction set.
//
// Vectors have 16 lanes whatever the registers, so that every instruction set adds in one order and gives the same
// bits.
#ifndef CLLAMAKERNELS_SIMD_H
#define CLLAMAKERNELS_SIMD_H

// What a source file uses beyond that, as ",name".
#ifndef SIMD_TARGET_EXTENSIONS
#define SIMD_TARGET_EXTENSIONS ""
#endif
#define SIMD_BEGIN SIMD_PRAGMA(clang attribute push(__attribute__((target(SIMD_TARGET))), apply_to = function))
#define SIMD_TARGET "avx2,fma,f16c" SIMD_TARGET_EXTENSIONS
#define SIMD_PRAGMA(text) SIMD_PRAGMA_OF(text)
#define SIMD_PRAGMA_OF(text) _Pragma(#text)
#define SIMD_END _Pragma("clang attribute pop")
#define VEC_LANES 16

// Products and sums are fused where `vec_fma` says so and nowhere else.
#pragma STDC FP_CONTRACT OFF

#include "blocks.h"
#include "simd_x86.h"

// Tile sizes of the loops, from the 16 registers of half a vector each. Few tokens: 2 x 2 sums, 2 weights and an
// activation are 14 registers. Many: 6 x 16 sums, a vector of weights and an activation are 15.
#define DOT_TOKENS 2
#define DOT_ROWS 2
#define FEW_TOKENS 12
#define OUTER_TOKENS 6
#define OUTER_VECTORS 1
#define SCORE_BLOCKS 1
#define VALUE_VECTORS 1
// Enough sums to have four multiply-adds in flight on each of two ports.
#define PEAK_SUMS 6

SIMD_BEGIN

typedef struct { __m256 low, high; } vec;

static INLINE vec vec_of(__m256 low, __m256 high) { return (vec){low, high}; }

static INLINE __m256i first_eight(size_t n) {
    __m256i lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(n >= 8 ? 8 : (int)n), lanes);
}
// Lanes of the second register among the first n of a vector.
static INLINE size_t beyond_eight(size_t n) { return n > 8 ? n - 8 : 0; }

// MARK: Loads and stores. Those named _n touch the first n lanes alone and load 0 into the others.

static INLINE vec vec_zero(void) { return vec_of(_mm256_setzero_ps(), _mm256_setzero_ps()); }
static INLINE vec vec_set(float value) { return vec_of(_mm256_set1_ps(value), _mm256_set1_ps(value)); }
static INLINE vec vec_load(const float *from) { return vec_of(_mm256_loadu_ps(from), _mm256_loadu_ps(from + 8)); }
static INLINE vec vec_load_n(const float *from, size_t n) {
    return vec_of(_mm256_maskload_ps(from, first_eight(n)), _mm256_maskload_ps(from + 8, first_eight(beyond_eight(n))));
}
static INLINE void vec_store(float *to, vec value) {
    _mm256_storeu_ps(to, value.low);
    _mm256_storeu_ps(to + 8, value.high);
}
static INLINE void vec_store_n(float *to, vec value, size_t n) {
    _mm256_maskstore_ps(to, first_eight(n), value.low);
    _mm256_maskstore_ps(to + 8, first_eight(beyond_eight(n)), value.high);
}

// n / 2 floats, each in two neighboring lanes; n is even.
static INLINE vec vec_load_twice_n(const float *from, size_t n) {
    __m256i lanes = _mm256_setr_epi32(0, 0, 1, 1, 2, 2, 3, 3), further = _mm256_setr_epi32(4, 4, 5, 5, 6, 6, 7, 7);
    __m256 floats = _mm256_maskload_ps(from, first_eight(n / 2));
    return vec_of(_mm256_permutevar8x32_ps(floats, lanes), _mm256_permutevar8x32_ps(floats, further));
}

static INLINE __m256 bf16_to_floats(__m128i bits) {
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(bits), 16));
}
static INLINE __m128i load_halves(const void *from, size_t index) {
    return _mm_loadu_si128((const __m128i *)(const void *)((const char *)from + 2 * index));
}

static INLINE vec vec_load_f16(const void *from) {
    return vec_of(_mm256_cvtph_ps(load_halves(from, 0)), _mm256_cvtph_ps(load_halves(from, 8)));
}
static INLINE vec vec_load_bf16(const void *from) {
    return vec_of(bf16_to_floats(load_halves(from, 0)), bf16_to_floats(load_halves(from, 8)));
}

// AVX2 masks no 16-bit loads, so a tail is copied first.
static INLINE vec vec_load_f16_n(const void *from, size_t n) {
    uint16_t halves[16] = {0};
    memcpy(halves, from, 2 * n);
    return vec_load_f16(halves);
}
static INLINE vec vec_load_bf16_n(const void *from, size_t n) {
    uint16_t halves[16] = {0};
    memcpy(halves, from, 2 * n);
    return vec_load_bf16(halves);
}

// One binary16 value in every lane.
static INLINE vec vec_set_f16(const void *from) {
    __m256 floats = _mm256_cvtph_ps(_mm_set1_epi16((short)load_half_bits(from)));
    return vec_of(floats, floats);
}

static INLINE vec vec_join(__m256 low, __m256 high) { return vec_of(low, high); }

// 16 signed bytes.
static INLINE vec floats_of_bytes(__m128i signed_bytes) {
    return vec_of(_mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(signed_bytes)),
                  _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_srli_si128(signed_bytes, 8))));
}

// MARK: Arithmetic

static INLINE vec vec_add(vec a, vec b) { return vec_of(_mm256_add_ps(a.low, b.low), _mm256_add_ps(a.high, b.high)); }
static INLINE vec vec_sub(vec a, vec b) { return vec_of(_mm256_sub_ps(a.low, b.low), _mm256_sub_ps(a.high, b.high)); }
static INLINE vec vec_mul(vec a, vec b) { return vec_of(_mm256_mul_ps(a.low, b.low), _mm256_mul_ps(a.high, b.high)); }
static INLINE vec vec_div(vec a, vec b) { return vec_of(_mm256_div_ps(a.low, b.low), _mm256_div_ps(a.high, b.high)); }
static INLINE vec vec_sqrt(vec a) { return vec_of(_mm256_sqrt_ps(a.low), _mm256_sqrt_ps(a.high)); }
// a * b + c, rounded once.
static INLINE vec vec_fma(vec a, vec b, vec c) {
    return vec_of(_mm256_fmadd_ps(a.low, b.low, c.low), _mm256_fmadd_ps(a.high, b.high, c.high));
}
// c - a * b, rounded once.
static INLINE vec vec_fnma(vec a, vec b, vec c) {
    return vec_of(_mm256_fnmadd_ps(a.low, b.low, c.low), _mm256_fnmadd_ps(a.high, b.high, c.high));
}
// a * b - c in even lanes, a * b + c in odd ones.
static INLINE vec vec_fmaddsub(vec a, vec b, vec c) {
    return vec_of(_mm256_fmaddsub_ps(a.low, b.low, c.low), _mm256_fmaddsub_ps(a.high, b.high, c.high));
}
// Minimum and maximum return b where either operand is NaN.
static INLINE vec vec_min(vec a, vec b) { return vec_of(_mm256_min_ps(a.low, b.low), _mm256_min_ps(a.high, b.high)); }
static INLINE vec vec_max(vec a, vec b) { return vec_of(_mm256_max_ps(a.low, b.low), _mm256_max_ps(a.high, b.high)); }
static INLINE __m256 round_floats(__m256 a) {
    return _mm256_round_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}
static INLINE vec vec_round(vec a) { return vec_of(round_floats(a.low), round_floats(a.high)); }

// a * 2^n, rounded once, for whole n in -252 ... 254 and a in 0.5 ... 2. In two factors of about 2^(n / 2), because an
// exponent reaches from -126 to 127 only; the first product is exact. The sum's low bits are those of n and twice the
// exponent's bias.
static INLINE __m256 scale_floats(__m256 a, __m256 n) {
    __m256i both = _mm256_castps_si256(_mm256_add_ps(n, _mm256_set1_ps(0x1.8p+23f + 2 * 127)));
    __m256i half = _mm256_srli_epi32(both, 1), rest = _mm256_sub_epi32(both, half);
    __m256 scaled = _mm256_mul_ps(a, _mm256_castsi256_ps(_mm256_slli_epi32(half, 23)));
    return _mm256_mul_ps(scaled, _mm256_castsi256_ps(_mm256_slli_epi32(rest, 23)));
}
static INLINE vec vec_scale(vec a, vec n) { return vec_of(scale_floats(a.low, n.low), scale_floats(a.high, n.high)); }

// MARK: Lanes

// The first n lanes of a, `fill` in the rest.
static INLINE vec vec_keep_n(vec a, float fill, size_t n) {
    __m256 rest = _mm256_set1_ps(fill);
    return vec_of(_mm256_blendv_ps(rest, a.low, _mm256_castsi256_ps(first_eight(n))),
                  _mm256_blendv_ps(rest, a.high, _mm256_castsi256_ps(first_eight(beyond_eight(n)))));
}

// Each lane's neighbor: lanes 0 and 1 exchanged, 2 and 3, ...
static INLINE vec vec_swap_pairs(vec a) {
    return vec_of(_mm256_permute_ps(a.low, 0xb1), _mm256_permute_ps(a.high, 0xb1));
}

// Makes the compiler forget what it knows of the value.
static INLINE void vec_hide(vec *a) { __asm__ volatile("" : "+x"(a->low), "+x"(a->high)); }

static INLINE float vec_first(vec a) { return _mm256_cvtss_f32(a.low); }

static INLINE float vec_maximum(vec a) {
    __m256 both = _mm256_max_ps(a.low, a.high);
    __m128 half = _mm_max_ps(_mm256_castps256_ps128(both), _mm256_extractf128_ps(both, 1));
    half = _mm_max_ps(half, _mm_movehl_ps(half, half));
    return _mm_cvtss_f32(_mm_max_ss(half, _mm_movehdup_ps(half)));
}

static INLINE __m256 quarter_sums(__m256 a, __m256 b, __m256 c, __m256 d) {
    __m256 ab = _mm256_add_ps(_mm256_unpacklo_ps(a, b), _mm256_unpackhi_ps(a, b));
    __m256 cd = _mm256_add_ps(_mm256_unpacklo_ps(c, d), _mm256_unpackhi_ps(c, d));
    return _mm256_add_ps(_mm256_shuffle_ps(ab, cd, 0x44), _mm256_shuffle_ps(ab, cd, 0xee));
}

// The sums of four vectors, each by the tree of scalar_sums.h: transposing while adding needs half the
// operations of four separate sums.
static INLINE vec4 vec_sum4(vec a, vec b, vec c, vec d) {
    __m256 half = _mm256_add_ps(quarter_sums(a.low, b.low, c.low, d.low), quarter_sums(a.high, b.high, c.high, d.high));
    return _mm_add_ps(_mm256_castps256_ps128(half), _mm256_extractf128_ps(half, 1));
}

static INLINE float vec_sum(vec a) { return vec4_first(vec_sum4(a, a, a, a)); }

// MARK: Transposition

// 8 vectors' worth of 8 x 8 floats, in place.
static INLINE void transpose_eight(__m256 r[8]) {
    __m256 a[8], b[8];
    UNROLL for (int i = 0; i < 4; i++) {
        a[2 * i] = _mm256_unpacklo_ps(r[2 * i], r[2 * i + 1]);
        a[2 * i + 1] = _mm256_unpackhi_ps(r[2 * i], r[2 * i + 1]);
    }
    UNROLL for (int i = 0; i < 2; i++) {
        b[4 * i] = _mm256_shuffle_ps(a[4 * i], a[4 * i + 2], 0x44);
        b[4 * i + 1] = _mm256_shuffle_ps(a[4 * i], a[4 * i + 2], 0xee);
        b[4 * i + 2] = _mm256_shuffle_ps(a[4 * i + 1], a[4 * i + 3], 0x44);
        b[4 * i + 3] = _mm256_shuffle_ps(a[4 * i + 1], a[4 * i + 3], 0xee);
    }
    UNROLL for (int i = 0; i < 4; i++) {
        r[i] = _mm256_permute2f128_ps(b[i], b[i + 4], 0x20);
        r[i + 4] = _mm256_permute2f128_ps(b[i], b[i + 4], 0x31);
    }
}

// to[c * step ..< c * step + 16] = rows[0 ..< 16][c], for c < 16.
static INLINE void store_transposed(const vec rows[16], float *to, size_t step) {
    UNROLL for (int half = 0; half < 2; half++) {
        __m256 low[8], high[8];
        UNROLL for (int i = 0; i < 8; i++) {
            low[i] = rows[half * 8 + i].low;
            high[i] = rows[half * 8 + i].high;
        }
        transpose_eight(low);
        UNROLL for (size_t c = 0; c < 8; c++) _mm256_storeu_ps(to + c * step + half * 8, low[c]);
        transpose_eight(high);
        UNROLL for (size_t c = 0; c < 8; c++) _mm256_storeu_ps(to + (c + 8) * step + half * 8, high[c]);
    }
}

// MARK: Doubles, half a vector at a time

typedef struct { __m256d low, high; } double_vec;

static INLINE double_vec double_vec_zero(void) { return (double_vec){_mm256_setzero_pd(), _mm256_setzero_pd()}; }
static INLINE double_vec doubles_of(__m256 a) {
    return (double_vec){_mm256_cvtps_pd(_mm256_castps256_ps128(a)), _mm256_cvtps_pd(_mm256_extractf128_ps(a, 1))};
}
static INLINE double_vec vec_low_doubles(vec a) { return doubles_of(a.low); }
static INLINE double_vec vec_high_doubles(vec a) { return doubles_of(a.high); }
static INLINE double_vec double_vec_add(double_vec a, double_vec b) {
    return (double_vec){_mm256_add_pd(a.low, b.low), _mm256_add_pd(a.high, b.high)};
}
static INLINE double_vec double_vec_fma(double_vec a, double_vec b, double_vec c) {
    return (double_vec){_mm256_fmadd_pd(a.low, b.low, c.low), _mm256_fmadd_pd(a.high, b.high, c.high)};
}
static INLINE double double_vec_sum(double_vec a) {
    __m256d four = _mm256_add_pd(a.low, a.high);
    __m128d two = _mm_add_pd(_mm256_castpd256_pd128(four), _mm256_extractf128_pd(four, 1));
    return _mm_cvtsd_f64(_mm_add_sd(two, _mm_unpackhi_pd(two, two)));
}

SIMD_END

#endif
