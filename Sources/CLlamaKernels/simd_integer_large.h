// Rows of large blocks times a few tokens in registers of 512 bits; included by simd_integer_dot.h alone.

static INLINE __m512i wide_and(__m512i a, int mask) { return _mm512_and_si512(a, _mm512_set1_epi8((char)mask)); }
// Eight numbers of 64 bits: four of one value, four of another.
static INLINE __m512i two_values(long long low, long long high) {
    return _mm512_set_epi64(high, high, high, high, low, low, low, low);
}
static INLINE __m512i both_halves(const void *from) { return _mm512_broadcast_i64x4(load_32(from)); }
// Bits `run` and `run` + 1 of bytes, each as bit `to`. Bits that leave a byte are masked out.
static INLINE __m512i bits_of_runs(const void *from, int run, int to) {
    int low = (run - to) & 31, high = (run + 1 - to) & 31;
    __m512i counts = two_values(low | (long long)low << 32, high | (long long)high << 32);
    return wide_and(_mm512_rorv_epi32(both_halves(from), counts), 1 << to);
}
// Bits of bytes, 16 at a time, shifted right in the lower and in the upper half.
static INLINE __m512i shift_halves(__m512i a, int low, int high) {
    return _mm512_srlv_epi16(a, two_values(low * 0x0001000100010001, high * 0x0001000100010001));
}

// Runs `run` and `run` + 1 of a unit; run is even.
static INLINE __m512i load_two_runs(lk_dtype dtype, const void *unit, int run) {
    switch (dtype) {
    case LK_Q2_K: {
        const q2_k_block *block = unit;
        return wide_and(shift_halves(both_halves(block->quants + run / 4 * 32), run % 4 * 2, run % 4 * 2 + 2), 3);
    }
    case LK_Q3_K: {
        const q3_k_block *block = unit;
        __m512i low = shift_halves(both_halves(block->quants + run / 4 * 32), run % 4 * 2, run % 4 * 2 + 2);
        return _mm512_or_si512(wide_and(low, 3), bits_of_runs(block->thirds, run, 2));
    }
    case LK_Q4_K: {
        const q4_k_block *block = unit;
        return wide_and(shift_halves(both_halves(block->quants + run / 2 * 32), 0, 4), 0xf);
    }
    case LK_Q5_K: {
        const q5_k_block *block = unit;
        __m512i low = shift_halves(both_halves(block->quants + run / 2 * 32), 0, 4);
        return _mm512_or_si512(wide_and(low, 0xf), bits_of_runs(block->fifths, run, 4));
    }
    case LK_Q6_K: {
        const q6_k_block *block = unit;
        __m512i low = _mm512_srli_epi16(_mm512_loadu_si512(block->low + run / 4 * 64), run % 4 * 2u);
        // Two bits of each run go to bits 4 and 5, from 0 and 2 or from 4 and 6.
        __m512i high = both_halves(block->high + run / 4 * 32);
        high = run % 4 == 0 ? _mm512_sllv_epi16(high, two_values(0x0004000400040004, 0x0002000200020002))
                            : shift_halves(high, 0, 2);
        return _mm512_or_si512(wide_and(low, 0xf), wide_and(high, 0x30));
    }
    case LK_F32:
    case LK_F16:
    case LK_BF16:
    case LK_Q4_0:
    case LK_Q4_1:
    case LK_Q5_0:
    case LK_Q5_1:
    case LK_Q8_0: break;
    }
    return _mm512_setzero_si512();
}

// Sums of neighbors of two vectors, in each 128 bits those of the first and then of the second.
static INLINE __m512i add_neighbors(__m512i a, __m512i b) {
    __m512 x = _mm512_castsi512_ps(a), y = _mm512_castsi512_ps(b);
    return _mm512_add_epi32(_mm512_castps_si512(_mm512_shuffle_ps(x, y, 0x88)),
                            _mm512_castps_si512(_mm512_shuffle_ps(x, y, 0xdd)));
}

// The sums of eight vectors.
static INLINE __m256i sum_eight_wide(const __m512i v[8]) {
    __m512i a = add_neighbors(add_neighbors(v[0], v[1]), add_neighbors(v[2], v[3]));
    __m512i b = add_neighbors(add_neighbors(v[4], v[5]), add_neighbors(v[6], v[7]));
    __m512i halves = _mm512_add_epi32(_mm512_shuffle_i32x4(a, b, 0x88), _mm512_shuffle_i32x4(a, b, 0xdd));
    __m512i even = _mm512_shuffle_i32x4(halves, halves, 0x08), odd = _mm512_shuffle_i32x4(halves, halves, 0x0d);
    return _mm512_castsi512_si256(_mm512_add_epi32(even, odd));
}

// The sums of the halves of four vectors.
static INLINE __m256i sum_eight_halves(const __m512i v[4]) {
    __m512i a = add_neighbors(add_neighbors(v[0], v[1]), add_neighbors(v[2], v[3]));
    __m512i both = _mm512_add_epi32(a, _mm512_shuffle_i32x4(a, a, 0xb1));
    __m512i order = _mm512_setr_epi32(0, 8, 1, 9, 2, 10, 3, 11, 0, 0, 0, 0, 0, 0, 0, 0);
    return _mm512_castsi512_si256(_mm512_permutexvar_epi32(order, both));
}

// The sums of the quarters of two vectors.
static INLINE __m256i sum_eight_quarters(const __m512i v[2]) {
    __m512i a = add_neighbors(v[0], v[1]);
    __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 0, 0, 0, 0, 0, 0, 0, 0);
    return _mm512_castsi512_si256(_mm512_permutexvar_epi32(order, add_neighbors(a, a)));
}

// The scales of eight units, and what belongs to the sums of activations: minimums, or scales where quants have an
// offset.
typedef struct {
    // Q4_K and Q5_K: eight of each unit; else sixteen.
    _Alignas(64) int16_t scales[8][16];
    // Q4_K and Q5_K: four units' for the sums of runs of 32 columns; else two units' for those of runs of 16.
    __m512i pairs[4];
    __m256 d, m;
} eight_scales;

static INLINE bool has_eight_scales(lk_dtype dtype) { return dtype == LK_Q4_K || dtype == LK_Q5_K; }

// Of Q4_K and Q5_K: four units begin with their two factors and twelve bytes of scales, which `load_scale` unpacks.
static INLINE void load_four_headers(const char *const units[4], __m512i *header, __m512i *scales, __m512i *minimums) {
    __m512i four = _mm512_castsi128_si512(load_16(units[0]));
    four = _mm512_inserti32x4(four, load_16(units[1]), 1);
    four = _mm512_inserti32x4(four, load_16(units[2]), 2);
    four = _mm512_inserti32x4(four, load_16(units[3]), 3);
    // Words 1, 2 and 3: the low six bits of scales and minimums 0 ... 3 with the high two of 4 ... 7, and the low four
    // of those.
    __m512i six = _mm512_srlv_epi32(_mm512_shuffle_epi32(four, 0xa5), _mm512_set_epi32(2, 0, 2, 0, 2, 0, 2, 0,  //
                                                                                       2, 0, 2, 0, 2, 0, 2, 0));
    __m512i nibbles = _mm512_srlv_epi32(_mm512_shuffle_epi32(four, 0xff), _mm512_set_epi32(4, 0, 0, 0, 4, 0, 0, 0,  //
                                                                                           4, 0, 0, 0, 4, 0, 0, 0));
    six = _mm512_and_si512(six, _mm512_set1_epi64(0x303030303f3f3f3f));
    nibbles = _mm512_and_si512(nibbles, _mm512_set1_epi64(0x0f0f0f0f00000000));
    __m512i bytes = _mm512_or_si512(six, nibbles), zero = _mm512_setzero_si512();
    *header = four;
    *scales = _mm512_unpacklo_epi8(bytes, zero);
    *minimums = _mm512_unpackhi_epi8(bytes, zero);
}

// The binary16 numbers of eight units.
static INLINE __m256 load_eight_factors(const uint8_t *const from[8]) {
    uint64_t fours[2];
    UNROLL for (size_t i = 0; i < 2; i++) {
        fours[i] = 0;
        UNROLL for (size_t j = 0; j < 4; j++) fours[i] |= (uint64_t)load_half_bits(from[4 * i + j]) << (16 * j);
    }
    return _mm256_cvtph_ps(_mm_set_epi64x((long long)fours[1], (long long)fours[0]));
}

static INLINE void load_eight_scales(lk_dtype dtype, const char *const units[8], eight_scales *to) {
    if (has_eight_scales(dtype)) {
        __m512i headers[2];
        UNROLL for (size_t i = 0; i < 2; i++) {
            __m512i scales;
            load_four_headers(units + 4 * i, &headers[i], &scales, &to->pairs[i]);
            _mm512_store_si512(&to->scales[2 * i], scales);
        }
        // The first 16 bits of each 128, then the second ones.
        __m256i order = _mm256_setr_epi16(0, 8, 16, 24, 32, 40, 48, 56, 1, 9, 17, 25, 33, 41, 49, 57);
        __m512i factors = _mm512_permutex2var_epi16(headers[0], _mm512_castsi256_si512(order), headers[1]);
        __m512 floats = _mm512_cvtph_ps(_mm512_castsi512_si256(factors));
        to->d = _mm512_castps512_ps256(floats);
        to->m = _mm512_extractf32x8_ps(floats, 1);
        return;
    }
    const uint8_t *d[8], *m[8];
    __m256i pairs[8];
    UNROLL for (size_t i = 0; i < 8; i++) {
        __m256i scales, minimums;
        load_scales(dtype, units[i], &scales, &minimums);
        _mm256_store_si256((__m256i *)(void *)to->scales[i], scales);
        pairs[i] = lk_quant_offset(dtype) != 0 ? scales : minimums;
        d[i] = scale_of(dtype, units[i]);
        m[i] = minimum_of(dtype, units[i]);
    }
    UNROLL for (size_t i = 0; i < 4; i++) to->pairs[i] = join_256(pairs[2 * i], pairs[2 * i + 1]);
    to->d = load_eight_factors(d);
    to->m = lk_has_minimums(dtype) ? load_eight_factors(m) : to->d;
}

// A unit's scales in every part of a vector.
static INLINE __m512i scales_of_unit(lk_dtype dtype, const eight_scales *scales, size_t unit) {
    if (has_eight_scales(dtype)) return _mm512_broadcast_i32x4(load_16(&scales->scales[unit / 2][unit % 2 * 8]));
    return both_halves(scales->scales[unit]);
}

// The scales of runs `run` and `run` + 1, for pairs of products.
static INLINE __m512i scales_of_runs(lk_dtype dtype, __m512i scales, int run) {
    if (!has_eight_scales(dtype)) return _mm512_permutexvar_epi16(scale_indices(2 * run), scales);
    // Two bytes of each 128 bits, eight times.
    long long low = run << 1 | (run << 1 | 1) << 8, high = low + 0x0202;
    return _mm512_shuffle_epi8(scales, two_values(low * 0x0001000100010001, high * 0x0001000100010001));
}

// The sums of a token's activations times the units' minimums or scales. Past the last of `count` units they are 0.
static INLINE __m256i sum_pairs(lk_dtype dtype, const eight_scales *scales, const row_inputs *x, int t, size_t first,
                                size_t count) {
    if (has_eight_scales(dtype)) {
        __m512i sums[2];
        UNROLL for (size_t i = 0; i < 2; i++) {
            size_t units = count > 4 * i ? lk_min(count - 4 * i, 4) : 0;
            __mmask8 mask = (__mmask8)((1u << (2 * units)) - 1);
            __m512i runs = _mm512_maskz_loadu_epi64(mask, sums32_of(x, t) + (first + 4 * i) * 8);
            sums[i] = _mm512_madd_epi16(scales->pairs[i], runs);
        }
        return sum_eight_quarters(sums);
    }
    __m512i sums[4];
    UNROLL for (size_t i = 0; i < 4; i++) {
        size_t units = count > 2 * i ? lk_min(count - 2 * i, 2) : 0;
        __mmask8 mask = (__mmask8)((1u << (4 * units)) - 1);
        __m512i runs = _mm512_maskz_loadu_epi64(mask, sums_of(x, t) + (first + 2 * i) * 16);
        sums[i] = _mm512_madd_epi16(scales->pairs[i], runs);
    }
    return sum_eight_halves(sums);
}

// The products of unit `i` of eight, whose first has index `first` in the row.
static INLINE void multiply_one_unit(lk_dtype dtype, int tokens, const char *row, size_t i, const eight_scales *scales,
                                     const row_inputs *x, size_t first, __m512i products[][8]) {
    const char *unit = row + i * lk_dtype_block_size(dtype);
    __m512i unit_scales = scales_of_unit(dtype, scales, i), sums[ROW_TOKENS];
    UNROLL for (int t = 0; t < tokens; t++) sums[t] = _mm512_setzero_si512();
    UNROLL for (int run = 0; run < LK_LARGE_BLOCK / LK_RUN; run += 2) {
        __m512i quants = load_two_runs(dtype, unit, run), scale = scales_of_runs(dtype, unit_scales, run);
        UNROLL for (int t = 0; t < tokens; t++) {
            const int8_t *input = quants_of(x, t) + (first + i) * LK_LARGE_BLOCK + run * LK_RUN;
            __m512i pairs = _mm512_maddubs_epi16(quants, _mm512_loadu_si512(input));
            sums[t] = _mm512_dpwssd_epi32(sums[t], pairs, scale);
        }
    }
    UNROLL for (int t = 0; t < tokens; t++) {
        // Otherwise the compiler would put off all but the first token's products, and keep all quants for them.
        ivec_hide(&sums[t]);
        products[t][i] = sums[t];
    }
}

// As `add_units`.
static INLINE void add_eight_large_units(lk_dtype dtype, int tokens, const char *row, size_t count, size_t first,
                                         const row_inputs *x, float lanes[][VEC_LANES]) {
    const char *units[8];
    // Past the last unit, that one's scales are read once more, and not used.
    UNROLL for (size_t i = 0; i < 8; i++) units[i] = row + lk_min(i, count - 1) * lk_dtype_block_size(dtype);
    eight_scales scales;
    load_eight_scales(dtype, units, &scales);
    __m512i products[ROW_TOKENS][8];
    UNROLL for (int t = 0; t < tokens; t++) {
        UNROLL for (size_t i = 0; i < 8; i++) products[t][i] = _mm512_setzero_si512();
    }
    UNROLL for (size_t i = 0; i < 8; i++) {
        if (i < count) multiply_one_unit(dtype, tokens, row, i, &scales, x, first, products);
    }
    __mmask8 mask = (__mmask8)((1u << count) - 1);
    UNROLL for (int t = 0; t < tokens; t++) {
        float *to = lanes[t] + first % VEC_LANES;
        __m256i sums = sum_eight_wide(products[t]), pairs = sum_pairs(dtype, &scales, x, t, first, count);
        if (lk_quant_offset(dtype) != 0) {
            sums = _mm256_sub_epi32(sums, _mm256_mullo_epi32(pairs, _mm256_set1_epi32(lk_quant_offset(dtype))));
        }
        __m256 d_x = _mm256_maskz_loadu_ps(mask, d_of(x, t) + first), before = _mm256_loadu_ps(to);
        __m256 result = _mm256_fmadd_ps(_mm256_mul_ps(scales.d, d_x), _mm256_cvtepi32_ps(sums), before);
        if (lk_has_minimums(dtype)) {
            result = _mm256_fnmadd_ps(_mm256_mul_ps(scales.m, d_x), _mm256_cvtepi32_ps(pairs), result);
        }
        _mm256_mask_storeu_ps(to, mask, result);
    }
}
