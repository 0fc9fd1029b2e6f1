// The quants and scales of GGML's blocks as vectors of bytes; included by simd_integer.h alone.
//
// Source: dequantize_row_* in ggml-quants.c of llama.cpp, as blocks.h decodes them.

// MARK: Quants of a run of 32 columns, as bytes

// What is subtracted from the bytes that `load_run` gives. With dot products of unsigned bytes, those of Q8_0 are
// offset to be unsigned; without, they stay signed.
static INLINE int run_offset(lk_dtype dtype) {
    if (dtype == LK_Q8_0) return SIMD_VNNI ? 128 : 0;
    return lk_quant_offset(dtype);
}

static INLINE __m256i load_32(const void *from) { return _mm256_loadu_si256((const __m256i *)from); }
static INLINE __m128i load_16(const void *from) { return _mm_loadu_si128((const __m128i *)from); }

static INLINE __m256i bytes_and(__m256i a, int mask) { return _mm256_and_si256(a, _mm256_set1_epi8((char)mask)); }
static INLINE __m256i shift_right(__m256i a, int count) { return _mm256_srl_epi16(a, _mm_cvtsi32_si128(count)); }
static INLINE __m256i shift_left(__m256i a, int count) { return _mm256_sll_epi16(a, _mm_cvtsi32_si128(count)); }

// Low nibbles of 16 bytes, then high nibbles.
static INLINE __m256i load_nibbles(const uint8_t *from) {
    __m128i pairs = load_16(from);
    return bytes_and(_mm256_inserti128_si256(_mm256_castsi128_si256(pairs), _mm_srli_epi16(pairs, 4), 1), 0xf);
}

// Bit i of a word as bit 4 of byte i.
static INLINE __m256i load_fifth_bits(const uint8_t *from) {
    __m256i words = _mm256_set1_epi32((int)load_word(from));
    __m256i of_eight = _mm256_setr_epi8(0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1,  //
                                        2, 2, 2, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3, 3, 3);
    __m256i bytes = _mm256_shuffle_epi8(words, of_eight);
    __m256i bit = _mm256_set1_epi64x((long long)0x8040201008040201);
    __m256i set = _mm256_cmpeq_epi8(_mm256_and_si256(bytes, bit), bit);
    return bytes_and(set, 0x10);
}

// Bit `run` of each of 32 bytes, as bit `to`; run < 8.
static INLINE __m256i bits_of_run(const uint8_t *from, int run, int to) {
    __m256i bytes = load_32(from);
    return bytes_and(run > to ? shift_right(bytes, run - to) : shift_left(bytes, to - run), 1 << to);
}

// Run `run` of a unit (0 in small ones).
static INLINE __m256i load_run(lk_dtype dtype, const void *unit, int run) {
    switch (dtype) {
    case LK_Q4_0: return load_nibbles(((const q4_0_block *)unit)->quants);
    case LK_Q4_1: return load_nibbles(((const q4_1_block *)unit)->quants);
    case LK_Q5_0: {
        const q5_0_block *block = unit;
        return _mm256_or_si256(load_nibbles(block->quants), load_fifth_bits(block->fifths));
    }
    case LK_Q5_1: {
        const q5_1_block *block = unit;
        return _mm256_or_si256(load_nibbles(block->quants), load_fifth_bits(block->fifths));
    }
    case LK_Q8_0: {
        __m256i quants = load_32(((const q8_0_block *)unit)->quants);
        return SIMD_VNNI ? _mm256_xor_si256(quants, _mm256_set1_epi8((char)0x80)) : quants;
    }
    case LK_Q2_K: {
        const q2_k_block *block = unit;
        return bytes_and(shift_right(load_32(block->quants + run / 4 * 32), run % 4 * 2), 3);
    }
    case LK_Q3_K: {
        const q3_k_block *block = unit;
        __m256i low = bytes_and(shift_right(load_32(block->quants + run / 4 * 32), run % 4 * 2), 3);
        return _mm256_or_si256(low, bits_of_run(block->thirds, run, 2));
    }
    case LK_Q4_K: {
        const q4_k_block *block = unit;
        return bytes_and(shift_right(load_32(block->quants + run / 2 * 32), run % 2 * 4), 0xf);
    }
    case LK_Q5_K: {
        const q5_k_block *block = unit;
        __m256i low = bytes_and(shift_right(load_32(block->quants + run / 2 * 32), run % 2 * 4), 0xf);
        return _mm256_or_si256(low, bits_of_run(block->fifths, run, 4));
    }
    case LK_Q6_K: {
        const q6_k_block *block = unit;
        __m256i low = shift_right(load_32(block->low + run / 4 * 64 + run % 2 * 32), run % 4 / 2 * 4);
        __m256i high = shift_left(shift_right(load_32(block->high + run / 4 * 32), run % 4 * 2), 4);
        return _mm256_or_si256(bytes_and(low, 0xf), bytes_and(high, 0x30));
    }
    case LK_F32:
    case LK_F16:
    case LK_BF16: break;
    }
    return _mm256_setzero_si256();
}

#ifdef INTEGER_WIDE

static INLINE __m512i join_256(__m256i low, __m256i high) {
    return _mm512_inserti64x4(_mm512_castsi256_si512(low), high, 1);
}

// In each 128 bits, the first elements of four vectors, then the second ones, ...
static INLINE void transpose_fours(__m512i v[4]) {
    __m512i a = _mm512_unpacklo_epi32(v[0], v[1]), b = _mm512_unpackhi_epi32(v[0], v[1]);
    __m512i c = _mm512_unpacklo_epi32(v[2], v[3]), d = _mm512_unpackhi_epi32(v[2], v[3]);
    v[0] = _mm512_unpacklo_epi64(a, c);
    v[1] = _mm512_unpackhi_epi64(a, c);
    v[2] = _mm512_unpacklo_epi64(b, d);
    v[3] = _mm512_unpackhi_epi64(b, d);
}

// The nibbles of sixteen units, `bytes` apart: four columns of each in a vector, as `load_run` orders them.
static INLINE void load_sixteen_nibbles(const uint8_t *from, size_t bytes, __m512i groups[8]) {
    UNROLL for (size_t i = 0; i < 4; i++) {
        __m512i four = _mm512_castsi128_si512(load_16(from + i * bytes));
        four = _mm512_inserti32x4(four, load_16(from + (i + 4) * bytes), 1);
        four = _mm512_inserti32x4(four, load_16(from + (i + 8) * bytes), 2);
        groups[i] = _mm512_inserti32x4(four, load_16(from + (i + 12) * bytes), 3);
    }
    transpose_fours(groups);
    __m512i low = _mm512_set1_epi8(0xf);
    UNROLL for (size_t i = 0; i < 4; i++) {
        groups[i + 4] = _mm512_and_si512(_mm512_srli_epi16(groups[i], 4), low);
        groups[i] = _mm512_and_si512(groups[i], low);
    }
}

// The quants of sixteen small units that begin at `row`: four columns of each in a vector.
static INLINE void load_sixteen_units(lk_dtype dtype, const char *row, __m512i groups[8]) {
    size_t bytes = lk_dtype_block_size(dtype);
    if (dtype == LK_Q4_0) {
        load_sixteen_nibbles(((const q4_0_block *)(const void *)row)->quants, bytes, groups);
        return;
    }
    if (dtype == LK_Q4_1) {
        load_sixteen_nibbles(((const q4_1_block *)(const void *)row)->quants, bytes, groups);
        return;
    }
    __m512i v[8];
    UNROLL for (size_t i = 0; i < 8; i++) {
        // Units 0 ... 3 and 8 ... 11, each with the one four further.
        const char *unit = row + (i < 4 ? i : i + 4) * bytes;
        v[i] = join_256(load_run(dtype, unit, 0), load_run(dtype, unit + 4 * bytes, 0));
    }
    transpose_fours(v);
    transpose_fours(v + 4);
    UNROLL for (size_t g = 0; g < 4; g++) {
        groups[g] = _mm512_shuffle_i32x4(v[g], v[g + 4], 0x88);
        groups[g + 4] = _mm512_shuffle_i32x4(v[g], v[g + 4], 0xdd);
    }
}

#endif

// MARK: Scales of a large unit, 16 of 16 bits: one per run of 16 columns

static INLINE __m256i widen_bytes(__m128i bytes) { return _mm256_cvtepu8_epi16(bytes); }
// Each of the first eight bytes twice.
static INLINE __m128i twice(uint64_t bytes) {
    __m128i low = _mm_cvtsi64_si128((long long)bytes);
    return _mm_unpacklo_epi8(low, low);
}

static INLINE void load_scales(lk_dtype dtype, const void *unit, __m256i *scales, __m256i *minimums) {
    *minimums = _mm256_setzero_si256();
    switch (dtype) {
    case LK_Q2_K: {
        __m128i both = load_16(((const q2_k_block *)unit)->scales);
        *scales = widen_bytes(_mm_and_si128(both, _mm_set1_epi8(0xf)));
        *minimums = widen_bytes(_mm_and_si128(_mm_srli_epi16(both, 4), _mm_set1_epi8(0xf)));
        break;
    }
    case LK_Q3_K: {
        const uint8_t *from = ((const q3_k_block *)unit)->scales;
        uint32_t low0 = load_word(from), low1 = load_word(from + 4), high = load_word(from + 8);
        uint32_t nibbles = 0x0f0f0f0f, pairs = 0x03030303;
        __m128i bytes = _mm_setr_epi32((int)((low0 & nibbles) | (high & pairs) << 4),
                                       (int)((low1 & nibbles) | (high >> 2 & pairs) << 4),
                                       (int)((low0 >> 4 & nibbles) | (high >> 4 & pairs) << 4),
                                       (int)((low1 >> 4 & nibbles) | (high >> 6 & pairs) << 4));
        *scales = _mm256_sub_epi16(widen_bytes(bytes), _mm256_set1_epi16(32));
        break;
    }
    case LK_Q4_K:
    case LK_Q5_K: {
        // As `load_scale` unpacks them, four at a time.
        const uint8_t *from = ((const q4_k_block *)unit)->scales;
        uint32_t a = load_word(from), b = load_word(from + 4), c = load_word(from + 8);
        uint64_t s = (uint64_t)((c & 0x0f0f0f0f) | (a >> 2 & 0x30303030)) << 32 | (a & 0x3f3f3f3f);
        uint64_t m = (uint64_t)((c >> 4 & 0x0f0f0f0f) | (b >> 2 & 0x30303030)) << 32 | (b & 0x3f3f3f3f);
        *scales = widen_bytes(twice(s));
        *minimums = widen_bytes(twice(m));
        break;
    }
    case LK_Q6_K: *scales = _mm256_cvtepi8_epi16(load_16(((const q6_k_block *)unit)->scales)); break;
    default: *scales = _mm256_setzero_si256();
    }
}

// Where the binary16 factors of a unit are.
static INLINE const uint8_t *scale_of(lk_dtype dtype, const void *unit) {
    switch (dtype) {
    case LK_Q2_K: return ((const q2_k_block *)unit)->d;
    case LK_Q3_K: return ((const q3_k_block *)unit)->d;
    case LK_Q6_K: return ((const q6_k_block *)unit)->d;
    default: return unit;
    }
}
static INLINE const uint8_t *minimum_of(lk_dtype dtype, const void *unit) { return scale_of(dtype, unit) + 2; }
