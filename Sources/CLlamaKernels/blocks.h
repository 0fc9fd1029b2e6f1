// Decoding of GGML's block formats in plain loops; included once by each kernels_<isa>.c, whose instruction set the
// compiler turns them into, after it has defined `half_to_float`.
//
// Sources: block_* in ggml-common.h and dequantize_row_* in ggml-quants.c of llama.cpp. Every operation rounds to
// float32, so that all instruction sets and the Tensors module give the same values.

static inline float load_half(const uint8_t *from) {
    uint16_t bits;
    memcpy(&bits, from, sizeof bits);
    return half_to_float(bits);
}

static inline uint32_t load_word(const uint8_t *from) {
    uint32_t word;
    memcpy(&word, from, sizeof word);
    return word;
}

// MARK: 32 elements with one scale. Low nibbles hold the first half, fifth bits are one word.

// [d][16 x two 4-bit quants]
static inline void decode_q4_0(const uint8_t *restrict block, float *restrict to) {
    float d = load_half(block);
    for (int i = 0; i < 16; i++) {
        to[i] = d * (float)((block[2 + i] & 0xf) - 8);
        to[i + 16] = d * (float)((block[2 + i] >> 4) - 8);
    }
}

// [d][m][16 x two 4-bit quants]
static inline void decode_q4_1(const uint8_t *restrict block, float *restrict to) {
    float d = load_half(block), m = load_half(block + 2);
    for (int i = 0; i < 16; i++) {
        to[i] = d * (float)(block[4 + i] & 0xf) + m;
        to[i + 16] = d * (float)(block[4 + i] >> 4) + m;
    }
}

// [d][fifth bits][16 x two 4-bit quants]
static inline void decode_q5_0(const uint8_t *restrict block, float *restrict to) {
    float d = load_half(block);
    uint32_t fifths = load_word(block + 2);
    for (int i = 0; i < 16; i++) {
        to[i] = d * (float)((int)((block[6 + i] & 0xf) | (fifths >> i & 1) << 4) - 16);
        to[i + 16] = d * (float)((int)(block[6 + i] >> 4 | (fifths >> (i + 16) & 1) << 4) - 16);
    }
}

// [d][m][fifth bits][16 x two 4-bit quants]
static inline void decode_q5_1(const uint8_t *restrict block, float *restrict to) {
    float d = load_half(block), m = load_half(block + 2);
    uint32_t fifths = load_word(block + 4);
    for (int i = 0; i < 16; i++) {
        to[i] = d * (float)(int)((block[8 + i] & 0xf) | (fifths >> i & 1) << 4) + m;
        to[i + 16] = d * (float)(int)(block[8 + i] >> 4 | (fifths >> (i + 16) & 1) << 4) + m;
    }
}

// [d][32 x i8 quant]
static inline void decode_q8_0(const uint8_t *restrict block, float *restrict to) {
    float d = load_half(block);
    for (int i = 0; i < 32; i++) to[i] = d * (float)(int8_t)block[2 + i];
}

// MARK: 256 elements in 8 runs of 32, whose own small scales are scaled by halves for all

// [16 x (scale: 4 bits, minimum: 4 bits)][64 x four 2-bit quants][d][dmin]
static inline void decode_q2_k(const uint8_t *restrict block, float *restrict to) {
    float d = load_half(block + 80), dmin = load_half(block + 82);
    for (int half = 0; half < 16; half++) {
        int run = half / 2, shift = run % 4 * 2;
        float scale = d * (float)(block[half] & 0xf), minimum = dmin * (float)(block[half] >> 4);
        const uint8_t *from = block + 16 + run / 4 * 32 + half % 2 * 16;
        for (int i = 0; i < 16; i++) to[half * 16 + i] = scale * (float)(from[i] >> shift & 3) - minimum;
    }
}

// [32 x eight third bits][64 x four 2-bit quants][16 6-bit scales][d]
static inline void decode_q3_k(const uint8_t *restrict block, float *restrict to) {
    const uint8_t *scales = block + 96;
    float d = load_half(block + 108);
    for (int half = 0; half < 16; half++) {
        int run = half / 2, shift = run % 4 * 2;
        int low = scales[half % 8] >> half / 8 * 4 & 0xf, high = scales[8 + half % 4] >> half / 4 * 2 & 3;
        float scale = d * (float)((low | high << 4) - 32);
        const uint8_t *from = block + 32 + run / 4 * 32 + half % 2 * 16, *thirds = block + half % 2 * 16;
        for (int i = 0; i < 16; i++) {
            int q = (from[i] >> shift & 3) | (thirds[i] >> run & 1) << 2;
            to[half * 16 + i] = scale * (float)(q - 4);
        }
    }
}

// The scale and minimum, 6 bits each, of a run: those of the first four are whole bytes' low bits; the last four have
// their low nibbles in the last four bytes and the rest above the former.
static inline void load_scale(const uint8_t *scales, int run, float *scale, float *minimum) {
    if (run < 4) {
        *scale = (float)(scales[run] & 0x3f);
        *minimum = (float)(scales[run + 4] & 0x3f);
    } else {
        *scale = (float)((scales[run + 4] & 0xf) | (scales[run - 4] >> 2 & 0x30));
        *minimum = (float)(scales[run + 4] >> 4 | (scales[run] >> 2 & 0x30));
    }
}

// [d][dmin][8 scales and minima][128 x two 4-bit quants]
static inline void decode_q4_k(const uint8_t *restrict block, float *restrict to) {
    float d = load_half(block), dmin = load_half(block + 2);
    for (int run = 0; run < 8; run++) {
        float scale, minimum;
        load_scale(block + 4, run, &scale, &minimum);
        scale *= d;
        minimum *= dmin;
        int shift = run % 2 * 4;
        const uint8_t *from = block + 16 + run / 2 * 32;
        for (int i = 0; i < 32; i++) to[run * 32 + i] = scale * (float)(from[i] >> shift & 0xf) - minimum;
    }
}

// [d][dmin][8 scales and minima][32 x eight fifth bits][128 x two 4-bit quants]
static inline void decode_q5_k(const uint8_t *restrict block, float *restrict to) {
    float d = load_half(block), dmin = load_half(block + 2);
    for (int run = 0; run < 8; run++) {
        float scale, minimum;
        load_scale(block + 4, run, &scale, &minimum);
        scale *= d;
        minimum *= dmin;
        int shift = run % 2 * 4;
        const uint8_t *from = block + 48 + run / 2 * 32, *fifths = block + 16;
        for (int i = 0; i < 32; i++) {
            int q = (from[i] >> shift & 0xf) | (fifths[i] >> run & 1) << 4;
            to[run * 32 + i] = scale * (float)q - minimum;
        }
    }
}

// [128 x two low nibbles][64 x four 2-bit high parts][16 x i8 scale][d]
static inline void decode_q6_k(const uint8_t *restrict block, float *restrict to) {
    float d = load_half(block + 208);
    for (int half = 0; half < 16; half++) {
        int run = half / 2, low_shift = run % 4 / 2 * 4, high_shift = run % 4 * 2;
        float scale = d * (float)(int8_t)block[192 + half];
        const uint8_t *low = block + run / 4 * 64 + run % 2 * 32 + half % 2 * 16;
        const uint8_t *high = block + 128 + run / 4 * 32 + half % 2 * 16;
        for (int i = 0; i < 16; i++) {
            int q = (low[i] >> low_shift & 0xf) | (high[i] >> high_shift & 3) << 4;
            to[half * 16 + i] = scale * (float)(q - 32);
        }
    }
}

// n elements, whole blocks.
static void decode_blocks(lk_dtype dtype, const void *from, float *to, size_t n) {
    size_t count = lk_dtype_block_count(dtype), size = lk_dtype_block_size(dtype);
    const uint8_t *block = from;
    for (size_t i = 0; i < n; i += count, block += size) {
        switch (dtype) {
        case LK_F32:
        case LK_F16:
        case LK_BF16: return;
        case LK_Q4_0: decode_q4_0(block, to + i); break;
        case LK_Q4_1: decode_q4_1(block, to + i); break;
        case LK_Q5_0: decode_q5_0(block, to + i); break;
        case LK_Q5_1: decode_q5_1(block, to + i); break;
        case LK_Q8_0: decode_q8_0(block, to + i); break;
        case LK_Q2_K: decode_q2_k(block, to + i); break;
        case LK_Q3_K: decode_q3_k(block, to + i); break;
        case LK_Q4_K: decode_q4_k(block, to + i); break;
        case LK_Q5_K: decode_q5_k(block, to + i); break;
        case LK_Q6_K: decode_q6_k(block, to + i); break;
        }
    }
}
