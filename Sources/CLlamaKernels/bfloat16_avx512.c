// Linear layers with BF16 weights whose activations are rounded to bfloat16, with AVX-512 BF16.
//
// A 32-bit word holds two neighboring columns. With words for floats and the processor's product of pairs for the fused
// multiply-add, the loops are those of float32 (simd_linear.h): lane j of sixteen adds the pairs j, j + 16, ... of each
// column part, and the tree of scalar_sums.h adds the lanes. How the two products of a pair are rounded is up to the
// processor, which also takes denormal numbers for zero.
#if defined(__x86_64__)

#define SIMD_TARGET_EXTENSIONS ",avx512bf16"
#include "simd_avx512.h"

SIMD_BEGIN

static INLINE vec multiply_pairs(vec a, vec b, vec sum) {
    return _mm512_dpbf16_ps(sum, (__m512bh)_mm512_castps_si512(a), (__m512bh)_mm512_castps_si512(b));
}

// Sixteen words of 32 floats, or of the first n.
static INLINE vec words_of_floats(const float *from, size_t n) {
    vec low = n >= 16 ? vec_load(from) : vec_load_n(from, n);
    vec high = n >= 32 ? vec_load(from + 16) : n > 16 ? vec_load_n(from + 16, n - 16) : vec_zero();
    return _mm512_castsi512_ps((__m512i)_mm512_cvtne2ps_pbh(high, low));
}

SIMD_END

#define vec_fma multiply_pairs
#include "simd_linear.h"
#include "simd_peak.h"
#undef vec_fma

SIMD_BEGIN

// Blocks of a matrix that one call can see as words.
enum { MOST_BLOCKS = 64 };

typedef struct {
    lk_matrix matrix;
    lk_block blocks[MOST_BLOCKS];
} word_matrix;

static INLINE size_t words(size_t columns) { return columns / 2; }

// Whether every row begins and ends with a whole word.
static INLINE bool has_words(const lk_matrix *weight) {
    size_t count = weight->row_parts * weight->column_parts;
    if (weight->dtype != LK_BF16 || count > MOST_BLOCKS || weight->blocks[0].columns % 2 != 0) return false;
    for (size_t i = 0; i < count; i++) {
        if (weight->blocks[i].row_stride % 2 != 0) return false;
    }
    return true;
}

static size_t bfloat16_tiles(lk_dtype dtype, size_t tokens) {
    if (dtype != LK_BF16) return 0;
    size_t tiles = packed_tiles(LK_F32, tokens);
    return tiles > 0 ? tiles : tokens;
}

static size_t bfloat16_size(const lk_matrix *weight) {
    if (!has_words(weight)) return 0;
    return weight->column_parts * lk_divide_up(words(weight->blocks[0].columns), VEC_LANES) * VEC_LANES;
}

// A token's words one after the other, or those of a tile by class, as `pack` of simd_outer.h has floats.
static void bfloat16_pack(const lk_matrix *weight, const lk_input *input, size_t tile, size_t tiles, float *packed) {
    size_t begin = lk_tile_begin(tile, tiles, input->tokens);
    size_t tokens = lk_tile_begin(tile + 1, tiles, input->tokens) - begin;
    size_t columns = weight->blocks[0].columns, size = bfloat16_size(weight), class_floats = size / VEC_LANES * tokens;
    bool by_class = packed_tiles(LK_F32, input->tokens) > 0;
    float *to = packed + begin * size;
    for (size_t part = 0; part < weight->column_parts; part++) {
        for (size_t k = 0; k < columns; k += 2 * VEC_LANES) {
            for (size_t t = 0; t < tokens; t++) {
                const float *from = input->x + (begin + t) * input->x_stride + part * columns + k;
                vec pairs = words_of_floats(from, columns - k);
                if (by_class) {
                    float lanes[VEC_LANES];
                    vec_store(lanes, pairs);
                    UNROLL for (size_t lane = 0; lane < VEC_LANES; lane++) to[lane * class_floats + t] = lanes[lane];
                } else {
                    // The words of all parts, without gaps.
                    vec_store_n(to + part * words(columns) + words(k), pairs, words(columns - k));
                }
            }
            if (by_class) to += tokens;
        }
    }
}

static void bfloat16_rows(const lk_linear_op *op, size_t begin, size_t end, const lk_input *input, float *scratch) {
    const lk_matrix *weight = op->weight;
    word_matrix view;
    view.matrix = *weight;
    view.matrix.dtype = LK_F32;
    view.matrix.columns = words(weight->columns);
    view.matrix.blocks = view.blocks;
    for (size_t i = 0; i < weight->row_parts * weight->column_parts; i++) {
        view.blocks[i] = weight->blocks[i];
        view.blocks[i].row_stride = words(weight->blocks[i].row_stride);
        view.blocks[i].columns = words(weight->blocks[i].columns);
    }
    lk_linear_op word_op = *op;
    word_op.weight = &view.matrix;
    lk_input word_input = *input;
    if (packed_tiles(LK_F32, input->tokens) == 0) {
        word_input.x = input->packed;
        word_input.x_stride = bfloat16_size(weight);
        word_input.packed = NULL;
    }
    linear_rows(&word_op, begin, end, &word_input, scratch);
}

// A word of 1 is a pair of 1 and 0: both products count, and one is 1.
static size_t bfloat16_peak(uint32_t rounds, double *sum) {
    size_t operations = 2 * peak(rounds, sum);
    *sum *= 2;
    return operations;
}

SIMD_END

const lk_linear_kernels lk_bfloat16_avx512 = {
    .name = "avx512bf16",
    .group = OUTER_ROWS,
    .packed_tiles = bfloat16_tiles,
    .packed_size = bfloat16_size,
    .pack = bfloat16_pack,
    .rows = bfloat16_rows,
    .peak = bfloat16_peak,
};

#else

// A translation unit must not be empty.
typedef int lk_no_bfloat16_avx512;

#endif
