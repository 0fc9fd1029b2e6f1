// Rows as they are stored times one token; included by simd_integer.h alone.

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

// A unit's exact sums, in eight parts.
typedef struct { __m256i products, minimums; } unit_sums;

// The products of a large unit's quants, times its scales, added to eight sums.
static INLINE __m256i multiply_large_quants(lk_dtype dtype, const void *unit, const int8_t *x, __m256i scales) {
#ifdef INTEGER_WIDE
    __m512i products = _mm512_setzero_si512();
    UNROLL for (int run = 0; run < 8; run += 2) {
        __m512i quants = join_256(load_run(dtype, unit, run), load_run(dtype, unit, run + 1));
        __m512i input = _mm512_loadu_si512(x + run * LK_RUN);
        __m512i pairs = _mm512_maddubs_epi16(quants, input);
        // Eight pairs are of sixteen columns, which share a scale.
        __m512i scale = _mm512_permutexvar_epi16(scale_indices(2 * run), _mm512_castsi256_si512(scales));
        products = _mm512_dpwssd_epi32(products, pairs, scale);
    }
    return _mm256_add_epi32(_mm512_castsi512_si256(products), _mm512_extracti64x4_epi64(products, 1));
#else
    // Scales 0 ... 7 and 8 ... 15 in both halves, from which a shuffle gives a run's two.
    __m256i low = _mm256_permute4x64_epi64(scales, 0x44), high = _mm256_permute4x64_epi64(scales, 0xee);
    __m256i products = _mm256_setzero_si256();
    UNROLL for (int run = 0; run < 8; run++) {
        __m256i pairs = _mm256_maddubs_epi16(load_run(dtype, unit, run), load_32(x + run * LK_RUN));
        int first = run % 4 * 4 | (run % 4 * 4 + 1) << 8;
        __m256i select = _mm256_setr_m128i(_mm_set1_epi16((short)first), _mm_set1_epi16((short)(first + 0x0202)));
        __m256i scale = _mm256_shuffle_epi8(run < 4 ? low : high, select);
        products = dot_pairs_256(products, pairs, scale);
    }
    return products;
#endif
}

static INLINE unit_sums multiply_large_unit(lk_dtype dtype, const void *unit, const int8_t *x, const int16_t *sums16) {
    __m256i scales, minimums, sums = load_32(sums16);
    load_scales(dtype, unit, &scales, &minimums);
    __m256i products = multiply_large_quants(dtype, unit, x, scales);
    if (lk_quant_offset(dtype) != 0) {
        __m256i offset = _mm256_madd_epi16(scales, sums);
        products = _mm256_sub_epi32(products, _mm256_mullo_epi32(offset, _mm256_set1_epi32(lk_quant_offset(dtype))));
    }
    return (unit_sums){products, lk_has_minimums(dtype) ? _mm256_madd_epi16(minimums, sums) : _mm256_setzero_si256()};
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

// Adds the terms of up to eight units, the first of which has index `first` in the row, to their lanes.
static INLINE __m256 add_units(lk_dtype dtype, const char *const units[8], size_t count, size_t first,
                               const lk_quantized *x, __m256 lanes) {
    __m256i products[8], minimums[8];
    const uint8_t *scales[8], *bases[8];
    UNROLL for (size_t i = 0; i < 8; i++) {
        products[i] = minimums[i] = _mm256_setzero_si256();
        scales[i] = bases[i] = NULL;
        if (i >= count) continue;
        scales[i] = scale_of(dtype, units[i]);
        bases[i] = minimum_of(dtype, units[i]);
        const int8_t *quants = x->quants + (first + i) * lk_unit(dtype);
        if (lk_is_large(dtype)) {
            unit_sums sums = multiply_large_unit(dtype, units[i], quants, x->sums16 + (first + i) * 16);
            products[i] = sums.products;
            minimums[i] = sums.minimums;
        } else {
            products[i] = multiply_run(dtype, load_run(dtype, units[i], 0), load_32(quants));
        }
    }
    __m256i mask = first_eight_lanes(count);
    __m256i sums = sum_eight(products);
    if (!lk_is_large(dtype) && run_offset(dtype) != 0) {
        __m256i x_sums = _mm256_maskload_epi32(x->sums + first, mask);
        sums = _mm256_sub_epi32(sums, _mm256_mullo_epi32(x_sums, _mm256_set1_epi32(run_offset(dtype))));
    }
    __m256 d_x = _mm256_maskload_ps(x->d + first, mask);
    __m256 result = _mm256_fmadd_ps(_mm256_mul_ps(load_factors(scales, count), d_x), _mm256_cvtepi32_ps(sums), lanes);
    if (lk_has_minimums(dtype)) {
        __m256 m = load_factors(bases, count);
        if (lk_is_large(dtype)) {
            result = _mm256_fnmadd_ps(_mm256_mul_ps(m, d_x), _mm256_cvtepi32_ps(sum_eight(minimums)), result);
        } else {
            result = _mm256_fmadd_ps(m, _mm256_maskload_ps(x->s + first, mask), result);
        }
    }
    return count == 8 ? result : _mm256_blendv_ps(lanes, result, _mm256_castsi256_ps(mask));
}

#ifdef INTEGER_WIDE

// Sums of neighbors of two vectors, in each 128 bits those of the first and then of the second.
static INLINE __m512i add_neighbors(__m512i a, __m512i b) {
    __m512 x = _mm512_castsi512_ps(a), y = _mm512_castsi512_ps(b);
    return _mm512_add_epi32(_mm512_castps_si512(_mm512_shuffle_ps(x, y, 0x88)),
                            _mm512_castps_si512(_mm512_shuffle_ps(x, y, 0xdd)));
}

// The sum of the lower half of the first of eight vectors, that of its upper half, and so on.
static INLINE __m512i sum_sixteen_halves(const __m512i v[8]) {
    __m512i a = add_neighbors(add_neighbors(v[0], v[1]), add_neighbors(v[2], v[3]));
    __m512i b = add_neighbors(add_neighbors(v[4], v[5]), add_neighbors(v[6], v[7]));
    __m512i even = _mm512_permutex2var_epi64(a, _mm512_setr_epi64(0, 1, 8, 9, 4, 5, 12, 13), b);
    __m512i odd = _mm512_permutex2var_epi64(a, _mm512_setr_epi64(2, 3, 10, 11, 6, 7, 14, 15), b);
    __m512i order = _mm512_setr_epi32(0, 8, 1, 9, 2, 10, 3, 11, 4, 12, 5, 13, 6, 14, 7, 15);
    return _mm512_permutexvar_epi32(order, _mm512_add_epi32(even, odd));
}

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
static INLINE vec add_sixteen_units(lk_dtype dtype, const char *row, size_t first, const lk_quantized *x, vec lanes) {
    size_t bytes = lk_dtype_block_size(dtype);
    const int8_t *quants = x->quants + first * LK_RUN;
    __m512i products[8];
    UNROLL for (size_t i = 0; i < 8; i++) {
        __m512i weights = load_two_units(dtype, row + 2 * i * bytes, row + (2 * i + 1) * bytes);
        __m512i input = _mm512_loadu_si512(quants + 2 * i * LK_RUN);
        products[i] = _mm512_dpbusd_epi32(_mm512_setzero_si512(), weights, input);
    }
    __m512i sums = sum_sixteen_halves(products);
    if (run_offset(dtype) != 0) {
        __m512i offset = _mm512_set1_epi32(run_offset(dtype));
        sums = _mm512_sub_epi32(sums, _mm512_mullo_epi32(_mm512_loadu_si512(x->sums + first), offset));
    }
    vec d = load_sixteen_factors(scale_of(dtype, row), bytes);
    vec result = vec_fma(vec_mul(d, vec_load(x->d + first)), _mm512_cvtepi32_ps(sums), lanes);
    if (!lk_has_minimums(dtype)) return result;
    return vec_fma(load_sixteen_factors(minimum_of(dtype, row), bytes), vec_load(x->s + first), result);
}

#endif

// Where unit `index` of a row is, counted through the column parts.
static INLINE const char *unit_of(lk_dtype dtype, const lk_matrix *weight, const lk_block *blocks, size_t block_row,
                                  size_t index) {
    size_t units = weight->blocks[0].columns / lk_unit(dtype);
    const char *row = lk_block_row(&blocks[index / units], dtype, block_row);
    return row + index % units * lk_dtype_block_size(dtype);
}

static INLINE float multiply_row(lk_dtype dtype, const lk_matrix *weight, const lk_block *blocks, size_t block_row,
                                 const lk_quantized *x) {
    __m256 low = _mm256_setzero_ps(), high = _mm256_setzero_ps();
    size_t count = weight->columns / lk_unit(dtype), bytes = lk_dtype_block_size(dtype);
    const char *row = lk_block_row(blocks, dtype, block_row), *next = row + INTEGER_AHEAD;
    size_t u = 0;
#ifdef INTEGER_WIDE
    if (weight->column_parts == 1 && !lk_is_large(dtype)) {
        vec lanes = vec_zero();
        for (; u + 16 <= count; u += 16, row += 16 * bytes, next += 16 * bytes) {
            UNROLL for (size_t line = 0; line < 16 * bytes; line += 64) __builtin_prefetch(next + line, 0, 3);
            lanes = add_sixteen_units(dtype, row, u, x, lanes);
        }
        low = _mm512_castps512_ps256(lanes);
        high = _mm512_extractf32x8_ps(lanes, 1);
    }
#endif
    if (weight->column_parts == 1) {
        for (; u + 8 <= count; u += 8, row += 8 * bytes, next += 8 * bytes) {
            const char *units[8];
            UNROLL for (size_t i = 0; i < 8; i++) units[i] = row + i * bytes;
            // Rows come from memory, in order; bytes that come later are fetched meanwhile.
            UNROLL for (size_t line = 0; line < 8 * bytes; line += 64) __builtin_prefetch(next + line, 0, 3);
            if (u % 16 == 0) {
                low = add_units(dtype, units, 8, u, x, low);
            } else {
                high = add_units(dtype, units, 8, u, x, high);
            }
        }
    }
    for (; u < count; u += 8) {
        const char *units[8];
        size_t n = lk_min(count - u, 8);
        for (size_t i = 0; i < n; i++) units[i] = unit_of(dtype, weight, blocks, block_row, u + i);
        __m256 *half = u % 16 == 0 ? &low : &high;
        *half = add_units(dtype, units, n, u, x, *half);
    }
    return vec_sum(vec_join(low, high));
}

static INLINE void multiply_alone(lk_dtype dtype, const lk_linear_op *op, size_t row_begin, size_t row_end,
                                  const lk_input *input) {
    const lk_matrix *weight = op->weight;
    size_t part_rows = weight->blocks[0].rows, token_floats = integer_size(weight);
    for (size_t row = row_begin; row < row_end; row++) {
        const lk_block *blocks = weight->blocks + row / part_rows * weight->column_parts;
        for (size_t t = 0; t < input->tokens; t++) {
            lk_quantized x = lk_quantized_tile(dtype, weight->columns, 1, (float *)input->packed + t * token_floats);
            emit_output(op->out + (input->first + t) * op->out_stride + row,
                        multiply_row(dtype, weight, blocks, row % part_rows, &x), op->bias ? op->bias + row : NULL,
                        op->accumulate);
        }
    }
}
