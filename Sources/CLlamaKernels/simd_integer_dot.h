// Rows as they are stored times a few tokens, which share what is decoded of a row; included by simd_integer.h alone.
// `tokens` and `dtype` are constants wherever these functions are inlined.

// Tokens that share a row's decoded quants. More are multiplied by so many bytes of rows at a time, which stay in the
// first-level cache.
enum { ROW_TOKENS = 4, CACHED_ROW_BYTES = 8192 };

// A few tokens, each packed as a tile of its own, `stride` bytes apart.
typedef struct {
    lk_quantized first;
    size_t stride;
} row_inputs;

static INLINE row_inputs inputs_at(const lk_matrix *weight, const lk_input *input, size_t token) {
    size_t floats = integer_size(weight);
    float *memory = (float *)input->packed + token * floats;
    return (row_inputs){lk_quantized_tile(weight->dtype, weight->columns, 1, memory), floats * sizeof(float)};
}

static INLINE const void *of_token(const row_inputs *x, const void *first, int t) {
    return (const char *)first + (size_t)t * x->stride;
}
static INLINE const int8_t *quants_of(const row_inputs *x, int t) { return of_token(x, x->first.quants, t); }
static INLINE const float *d_of(const row_inputs *x, int t) { return of_token(x, x->first.d, t); }
static INLINE const float *s_of(const row_inputs *x, int t) { return of_token(x, x->first.s, t); }
static INLINE const int32_t *unit_sums_of(const row_inputs *x, int t) { return of_token(x, x->first.sums, t); }
static INLINE const int16_t *sums_of(const row_inputs *x, int t) { return of_token(x, x->first.sums16, t); }
static INLINE const int16_t *sums32_of(const row_inputs *x, int t) { return of_token(x, x->first.sums32, t); }

// Products of unsigned bytes and signed bytes, added by fours. Both factors' pairs of products fit 16 bits.
static INLINE __m256i multiply_run(lk_dtype dtype, __m256i quants, __m256i x) {
#if SIMD_VNNI
    (void)dtype;
    return dot_bytes_256(_mm256_setzero_si256(), quants, x);
#else
    __m256i pairs = dtype == LK_Q8_0 ? _mm256_maddubs_epi16(_mm256_abs_epi8(quants), _mm256_sign_epi8(x, quants))
                                     : _mm256_maddubs_epi16(quants, x);
    return _mm256_madd_epi16(pairs, _mm256_set1_epi16(1));
#endif
}

// Bytes that are fetched ahead of those being multiplied.
enum { INTEGER_AHEAD = 4096 };

// The products of a large unit's quants and of each token's, which begin `stride` bytes apart, times the unit's scales,
// in eight sums.
static INLINE void multiply_large_quants(lk_dtype dtype, int tokens, const void *unit, const int8_t *x, size_t stride,
                                         __m256i scales, __m256i products[]) {
    // Scales 0 ... 7 and 8 ... 15 in both halves, from which a shuffle gives a run's two.
    __m256i low = _mm256_permute4x64_epi64(scales, 0x44), high = _mm256_permute4x64_epi64(scales, 0xee);
    UNROLL for (int t = 0; t < tokens; t++) products[t] = _mm256_setzero_si256();
    UNROLL for (int run = 0; run < 8; run++) {
        __m256i quants = load_run(dtype, unit, run);
        int first = run % 4 * 4 | (run % 4 * 4 + 1) << 8;
        __m256i select = _mm256_setr_m128i(_mm_set1_epi16((short)first), _mm_set1_epi16((short)(first + 0x0202)));
        __m256i scale = _mm256_shuffle_epi8(run < 4 ? low : high, select);
        UNROLL for (int t = 0; t < tokens; t++) {
            __m256i pairs = _mm256_maddubs_epi16(quants, load_32(x + (size_t)t * stride + run * LK_RUN));
            products[t] = dot_pairs_256(products[t], pairs, scale);
        }
    }
}

// What is multiplied by the row's scales, and by its minimums: exact sums in eight parts for each token.
static INLINE void multiply_large_unit(lk_dtype dtype, int tokens, const void *unit, const row_inputs *x, size_t index,
                                       __m256i products[], __m256i minimums[]) {
    __m256i scales, unit_minimums;
    load_scales(dtype, unit, &scales, &unit_minimums);
    multiply_large_quants(dtype, tokens, unit, x->first.quants + index * LK_LARGE_BLOCK, x->stride, scales, products);
    UNROLL for (int t = 0; t < tokens; t++) {
        __m256i sums = load_32(sums_of(x, t) + index * 16);
        if (lk_quant_offset(dtype) != 0) {
            __m256i offset = _mm256_mullo_epi32(_mm256_madd_epi16(scales, sums),
                                                _mm256_set1_epi32(lk_quant_offset(dtype)));
            products[t] = _mm256_sub_epi32(products[t], offset);
        }
        if (lk_has_minimums(dtype)) minimums[t] = _mm256_madd_epi16(unit_minimums, sums);
    }
}

// The sums of eight vectors.
static INLINE __m256i sum_eight(const __m256i v[8]) {
    __m256i a = _mm256_hadd_epi32(_mm256_hadd_epi32(v[0], v[1]), _mm256_hadd_epi32(v[2], v[3]));
    __m256i b = _mm256_hadd_epi32(_mm256_hadd_epi32(v[4], v[5]), _mm256_hadd_epi32(v[6], v[7]));
    return _mm256_add_epi32(_mm256_permute2x128_si256(a, b, 0x20), _mm256_permute2x128_si256(a, b, 0x31));
}

// The first binary16 number of eight units, or 0 for those past `count`.
static INLINE __m256 load_factors(const uint8_t *const units[8], size_t count) {
    __m128i halves = _mm_setzero_si128();
#define LOAD_FACTOR(i) if (i < count) halves = _mm_insert_epi16(halves, load_half_bits(units[i]), i);
    LOAD_FACTOR(0) LOAD_FACTOR(1) LOAD_FACTOR(2) LOAD_FACTOR(3)
    LOAD_FACTOR(4) LOAD_FACTOR(5) LOAD_FACTOR(6) LOAD_FACTOR(7)
#undef LOAD_FACTOR
    return _mm256_cvtph_ps(halves);
}

static INLINE __m256i first_eight_lanes(size_t count) {
    return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)count), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

// Adds the terms of up to eight units, which begin at `units` and have index `first` in the row and on, to their lanes,
// half of each token's sixteen.
static INLINE void add_units(lk_dtype dtype, int tokens, const char *units, size_t count, size_t first,
                             const row_inputs *x, float lanes[][VEC_LANES]) {
    __m256i products[ROW_TOKENS][8], minimums[ROW_TOKENS][8];
    const uint8_t *scales[8], *bases[8];
    UNROLL for (size_t i = 0; i < 8; i++) {
        __m256i of_tokens[ROW_TOKENS], minimums_of_tokens[ROW_TOKENS];
        UNROLL for (int t = 0; t < tokens; t++) of_tokens[t] = minimums_of_tokens[t] = _mm256_setzero_si256();
        scales[i] = bases[i] = NULL;
        if (i < count) {
            const char *unit = units + i * lk_dtype_block_size(dtype);
            scales[i] = scale_of(dtype, unit);
            bases[i] = minimum_of(dtype, unit);
            if (lk_is_large(dtype)) {
                multiply_large_unit(dtype, tokens, unit, x, first + i, of_tokens, minimums_of_tokens);
            } else {
                __m256i quants = load_run(dtype, unit, 0);
                UNROLL for (int t = 0; t < tokens; t++) {
                    of_tokens[t] = multiply_run(dtype, quants, load_32(quants_of(x, t) + (first + i) * LK_RUN));
                }
            }
        }
        UNROLL for (int t = 0; t < tokens; t++) {
            products[t][i] = of_tokens[t];
            minimums[t][i] = minimums_of_tokens[t];
            // Otherwise the compiler would put off all but the first token's products, and keep all quants for them.
            if (lk_is_large(dtype)) __asm__ volatile("" : "+x"(products[t][i]), "+x"(minimums[t][i]));
        }
    }
    __m256i mask = first_eight_lanes(count);
    __m256 d = load_factors(scales, count), m = lk_has_minimums(dtype) ? load_factors(bases, count) : d;
    UNROLL for (int t = 0; t < tokens; t++) {
        __m256i sums = sum_eight(products[t]);
        if (!lk_is_large(dtype) && run_offset(dtype) != 0) {
            __m256i x_sums = _mm256_maskload_epi32(unit_sums_of(x, t) + first, mask);
            sums = _mm256_sub_epi32(sums, _mm256_mullo_epi32(x_sums, _mm256_set1_epi32(run_offset(dtype))));
        }
        float *to = lanes[t] + first % VEC_LANES;
        __m256 d_x = _mm256_maskload_ps(d_of(x, t) + first, mask), before = _mm256_loadu_ps(to);
        __m256 result = _mm256_fmadd_ps(_mm256_mul_ps(d, d_x), _mm256_cvtepi32_ps(sums), before);
        if (lk_has_minimums(dtype)) {
            if (lk_is_large(dtype)) {
                __m256 sum = _mm256_cvtepi32_ps(sum_eight(minimums[t]));
                result = _mm256_fnmadd_ps(_mm256_mul_ps(m, d_x), sum, result);
            } else {
                result = _mm256_fmadd_ps(m, _mm256_maskload_ps(s_of(x, t) + first, mask), result);
            }
        }
        if (count < 8) result = _mm256_blendv_ps(before, result, _mm256_castsi256_ps(mask));
        _mm256_storeu_ps(to, result);
    }
}

#ifdef INTEGER_WIDE

#include "simd_integer_large.h"

// The binary16 numbers of sixteen units, `bytes` apart. They are gathered in general registers: those of vectors have
// enough to do.
static INLINE vec load_sixteen_factors(const uint8_t *from, size_t bytes) {
    uint64_t fours[4];
    UNROLL for (size_t i = 0; i < 4; i++) {
        fours[i] = 0;
        UNROLL for (size_t j = 0; j < 4; j++) {
            fours[i] |= (uint64_t)load_half_bits(from + (4 * i + j) * bytes) << (16 * j);
        }
    }
    return _mm512_cvtph_ps(_mm256_setr_epi64x((long long)fours[0], (long long)fours[1], (long long)fours[2],
                                              (long long)fours[3]));
}

// Adds the terms of sixteen small units, which begin at `row` and have index `first` and on, to their lanes.
static INLINE void add_sixteen_units(lk_dtype dtype, int tokens, const char *row, size_t first, const row_inputs *x,
                                     float lanes[][VEC_LANES]) {
    size_t bytes = lk_dtype_block_size(dtype);
    __m512i weights[LK_RUN / 4];
    load_sixteen_units(dtype, row, weights);
    vec d = load_sixteen_factors(scale_of(dtype, row), bytes);
    vec m = lk_has_minimums(dtype) ? load_sixteen_factors(minimum_of(dtype, row), bytes) : d;
    UNROLL for (int t = 0; t < tokens; t++) {
        const int8_t *quants = quants_of(x, t) + first * LK_RUN;
        // Two sums, so that fewer products wait for one another.
        __m512i sums = _mm512_setzero_si512(), others = sums;
        UNROLL for (int g = 0; g < LK_RUN / 4; g += 2) {
            sums = _mm512_dpbusd_epi32(sums, weights[g], _mm512_loadu_si512(quants + g * 64));
            others = _mm512_dpbusd_epi32(others, weights[g + 1], _mm512_loadu_si512(quants + g * 64 + 64));
        }
        sums = _mm512_add_epi32(sums, others);
        if (run_offset(dtype) != 0) {
            __m512i offset = _mm512_set1_epi32(run_offset(dtype));
            sums = _mm512_sub_epi32(sums, _mm512_mullo_epi32(_mm512_loadu_si512(unit_sums_of(x, t) + first), offset));
        }
        vec terms = vec_mul(d, vec_load(d_of(x, t) + first));
        vec result = vec_fma(terms, _mm512_cvtepi32_ps(sums), vec_load(lanes[t]));
        if (lk_has_minimums(dtype)) result = vec_fma(m, vec_load(s_of(x, t) + first), result);
        vec_store(lanes[t], result);
    }
}

#endif

// Bytes of the units that are multiplied together: eight of the largest.
enum { GATHERED_BYTES = 8 * LK_Q6_K_BYTES };
_Static_assert(SMALL_UNITS * LK_Q8_0_BYTES <= GATHERED_BYTES, "small units");

// Units [first, first + count) of a row, counted through the column parts, one after another.
static NOT_INLINE const char *gather_units(const lk_matrix *weight, const lk_block *blocks, size_t block_row,
                                           size_t first, size_t count, char *gathered) {
    size_t units = weight->blocks[0].columns / lk_unit(weight->dtype), bytes = lk_dtype_block_size(weight->dtype);
    for (size_t i = 0; i < count; i++) {
        const char *row = lk_block_row(&blocks[(first + i) / units], weight->dtype, block_row);
        memcpy(gathered + i * bytes, row + (first + i) % units * bytes, bytes);
    }
    return gathered;
}

// One row times each token.
static INLINE void multiply_row(lk_dtype dtype, int tokens, const lk_matrix *weight, const lk_block *blocks,
                                size_t block_row, const row_inputs *x, float sums[]) {
    _Alignas(64) float lanes[ROW_TOKENS][VEC_LANES];
    UNROLL for (int t = 0; t < tokens; t++) vec_store(lanes[t], vec_zero());
    size_t count = weight->columns / lk_unit(dtype), bytes = lk_dtype_block_size(dtype);
    size_t step = lk_is_large(dtype) ? 8 : SMALL_UNITS;
    const char *row = lk_block_row(blocks, dtype, block_row), *units;
    char gathered[GATHERED_BYTES];
    for (size_t u = 0; u < count; u += step) {
        size_t n = lk_min(count - u, step);
        if (weight->column_parts > 1) {
            units = gather_units(weight, blocks, block_row, u, n, gathered);
        } else {
            units = row + u * bytes;
            // Rows come from memory, in order; bytes that come later are fetched meanwhile.
            UNROLL for (size_t line = 0; line < step * bytes; line += 64) {
                __builtin_prefetch(units + INTEGER_AHEAD + line, 0, 3);
            }
        }
#ifdef INTEGER_WIDE
        if (lk_is_large(dtype)) {
            if (n == step) {
                add_eight_large_units(dtype, tokens, units, 8, u, x, lanes);
            } else {
                add_eight_large_units(dtype, tokens, units, n, u, x, lanes);
            }
            continue;
        }
        if (n == step) {
            add_sixteen_units(dtype, tokens, units, u, x, lanes);
            continue;
        }
#else
        if (n == step) {
            add_units(dtype, tokens, units, 8, u, x, lanes);
            continue;
        }
#endif
        for (size_t i = 0; i < n; i += 8) {
            add_units(dtype, tokens, units + i * bytes, lk_min(n - i, 8), u + i, x, lanes);
        }
    }
    UNROLL for (int t = 0; t < tokens; t++) sums[t] = vec_sum(vec_load(lanes[t]));
}

// Rows row_begin ..< row_end times `tokens` tokens, the first of which is `token` of the input.
static INLINE void multiply_rows(lk_dtype dtype, int tokens, const lk_linear_op *op, size_t row_begin, size_t row_end,
                                 const lk_input *input, size_t token) {
    const lk_matrix *weight = op->weight;
    size_t part_rows = weight->blocks[0].rows;
    row_inputs x = inputs_at(weight, input, token);
    for (size_t row = row_begin; row < row_end; row++) {
        const lk_block *blocks = weight->blocks + row / part_rows * weight->column_parts;
        float sums[ROW_TOKENS];
        multiply_row(dtype, tokens, weight, blocks, row % part_rows, &x, sums);
        for (int t = 0; t < tokens; t++) {
            emit_output(op->out + (input->first + token + (size_t)t) * op->out_stride + row, sums[t],
                        op->bias ? op->bias + row : NULL, op->accumulate);
        }
    }
}

// Rows row_begin ..< row_end times a tile of tokens, the first of which is `token` of the input.
typedef void (*rows_kernel)(const lk_linear_op *op, size_t row_begin, size_t row_end, const lk_input *input,
                            size_t token);

// Kernels for 1 to ROW_TOKENS tokens. As functions of their own, each has the registers to itself.
#define ROWS_KERNEL(name, dtype, tokens)                                                                             \
    static NOT_INLINE void name(const lk_linear_op *op, size_t begin, size_t end, const lk_input *input, size_t t) { \
        multiply_rows(dtype, tokens, op, begin, end, input, t);                                                      \
    }

static size_t cached_rows(const lk_matrix *weight) {
    return lk_max(CACHED_ROW_BYTES / lk_max(lk_dtype_bytes(weight->dtype, weight->columns), 1), 1);
}

static void multiply_few_tokens(const rows_kernel kernels[ROW_TOKENS], const lk_linear_op *op, size_t row_begin,
                                size_t row_end, const lk_input *input) {
    size_t tiles = lk_divide_up(input->tokens, ROW_TOKENS);
    size_t step = tiles > 1 ? cached_rows(op->weight) : row_end - row_begin;
    for (size_t row = row_begin; row < row_end; row += step) {
        for (size_t tile = 0; tile < tiles; tile++) {
            size_t t = lk_tile_begin(tile, tiles, input->tokens), end = lk_tile_begin(tile + 1, tiles, input->tokens);
            kernels[end - t - 1](op, row, lk_min(row + step, row_end), input, t);
        }
    }
}
