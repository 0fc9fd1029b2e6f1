// Activations quantized to int8, in the layout of integer.h; included by simd_integer.h alone.

static INLINE __m256i magnitude_bits(const float *x) {
    return _mm256_and_si256(load_32(x), _mm256_set1_epi32(0x7fffffff));
}

// The greatest magnitude of n (a multiple of 8) floats; NaN compares as greater than infinity.
static INLINE float greatest_magnitude(const float *x, size_t n) {
    __m256i greatest = _mm256_setzero_si256();
    for (size_t i = 0; i < n; i += 8) greatest = _mm256_max_epi32(greatest, magnitude_bits(x + i));
    __m128i half = _mm_max_epi32(_mm256_castsi256_si128(greatest), _mm256_extracti128_si256(greatest, 1));
    half = _mm_max_epi32(half, _mm_shuffle_epi32(half, 0x4e));
    half = _mm_max_epi32(half, _mm_shuffle_epi32(half, 0xb1));
    return _mm_cvtss_f32(_mm_castsi128_ps(half));
}

static INLINE __m256i rounded(const float *x, __m256 factor) {
    return _mm256_cvtps_epi32(_mm256_mul_ps(_mm256_loadu_ps(x), factor));
}

// 32 quants in the order of x.
static INLINE __m256i quantize_run(const float *x, __m256 factor) {
    __m256i a = _mm256_packs_epi32(rounded(x, factor), rounded(x + 8, factor));
    __m256i b = _mm256_packs_epi32(rounded(x + 16, factor), rounded(x + 24, factor));
    return _mm256_permutevar8x32_epi32(_mm256_packs_epi16(a, b), _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
}

// Sums of the first and the last 16 quants.
static INLINE void sum_run(__m256i quants, int sums[2]) {
    __m256i pairs = _mm256_maddubs_epi16(_mm256_set1_epi8(1), quants);
    __m256i fours = _mm256_madd_epi16(pairs, _mm256_set1_epi16(1));
    __m256i eights = _mm256_add_epi32(fours, _mm256_shuffle_epi32(fours, 0x4e));
    __m256i all = _mm256_add_epi32(eights, _mm256_shuffle_epi32(eights, 0xb1));
    sums[0] = _mm_cvtsi128_si32(_mm256_castsi256_si128(all));
    sums[1] = _mm_cvtsi128_si32(_mm256_extracti128_si256(all, 1));
}

// Token `t` of a tile: unit `unit`, n columns, whose groups of four quants are `group_bytes` apart.
static INLINE void quantize_unit(const float *x, size_t n, size_t unit, size_t t, size_t tokens, int8_t *quants_to,
                                 size_t group_bytes, const lk_quantized *to) {
    lk_unit_scale scale = lk_activation_scale(greatest_magnitude(x, n), n);
    __m256 factor = _mm256_set1_ps(scale.factor);
    int unit_sum = 0;
    for (size_t run = 0; run < n / LK_RUN; run++) {
        __m256i quants = quantize_run(x + run * LK_RUN, factor);
        int32_t groups[LK_RUN / 4];
        _mm256_storeu_si256((__m256i *)(void *)groups, quants);
        for (size_t g = 0; g < LK_RUN / 4; g++) memcpy(quants_to + (run * LK_RUN / 4 + g) * group_bytes, &groups[g], 4);
        int sums[2];
        sum_run(quants, sums);
        unit_sum += sums[0] + sums[1];
        if (n == LK_LARGE_BLOCK) {
            int16_t *sums16 = to->sums16 + ((unit * 8 + run) * tokens + t) * 2;
            sums16[0] = (int16_t)sums[0];
            sums16[1] = (int16_t)sums[1];
            to->sums32[((unit * 4 + run / 2) * tokens + t) * 2 + run % 2] = (int16_t)(sums[0] + sums[1]);
        }
    }
    to->d[unit * tokens + t] = scale.d;
    if (n == LK_SMALL_BLOCK) {
        to->sums[unit * tokens + t] = unit_sum;
        to->s[unit * tokens + t] = lk_round_scale(scale.exact * (float)unit_sum);
    }
}

// Token `t` of a tile. Where units interleave, the quants of every whole set of sixteen are [8, 16, 4]: four columns of
// each unit, then the next four. Those of the last units are in order.
static INLINE void quantize_token(size_t n, const float *x, size_t columns, size_t t, size_t tokens, bool interleaves,
                                  const lk_quantized *to) {
    size_t units = columns / n, interleaved = interleaves ? units / VEC_LANES * VEC_LANES : 0;
    for (size_t unit = 0; unit < units; unit++) {
        int8_t *at = to->quants + unit * n * tokens + t * 4;
        size_t group_bytes = 4 * tokens;
        if (unit < interleaved) {
            at = to->quants + unit / VEC_LANES * VEC_LANES * n + unit % VEC_LANES * 4;
            group_bytes = VEC_LANES * 4;
        }
        quantize_unit(x + unit * n, n, unit, t, tokens, at, group_bytes, to);
    }
}

static size_t integer_tiles(lk_dtype dtype, size_t tokens) {
    (void)dtype;
    return tokens <= INTEGER_FEW_TOKENS ? tokens : lk_divide_up(tokens, INTEGER_TOKENS);
}

static size_t integer_size(const lk_matrix *weight) { return lk_quantized_floats(weight->dtype, weight->columns); }

static void integer_pack(const lk_matrix *weight, const lk_input *input, size_t tile, size_t tiles, float *packed) {
    size_t begin = lk_tile_begin(tile, tiles, input->tokens), end = lk_tile_begin(tile + 1, tiles, input->tokens);
    float *memory = packed + begin * integer_size(weight);
    lk_quantized to = lk_quantized_tile(weight->dtype, weight->columns, end - begin, memory);
    for (size_t t = begin; t < end; t++) {
        const float *x = input->x + t * input->x_stride;
        if (lk_is_large(weight->dtype)) {
            quantize_token(LK_LARGE_BLOCK, x, weight->columns, t - begin, end - begin, false, &to);
        } else {
            // Vectors of 512 bits multiply four columns of sixteen units by few tokens.
            bool interleaves = SMALL_UNITS == VEC_LANES && input->tokens <= INTEGER_FEW_TOKENS;
            quantize_token(LK_SMALL_BLOCK, x, weight->columns, t - begin, end - begin, interleaves, &to);
        }
    }
}
