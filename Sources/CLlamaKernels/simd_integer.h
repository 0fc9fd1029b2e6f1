// Linear layers in integers (integer.h) over the vector operations of one instruction set.
//
// Rows are multiplied by few tokens as they are stored, which keeps up with memory. More tokens use a panel: the quants
// of sixteen rows (or thirty-two) interleaved in groups of four columns, so that an instruction multiplies four columns
// of a vector of rows by four activations of one token.
#ifndef CLLAMAKERNELS_SIMD_INTEGER_H
#define CLLAMAKERNELS_SIMD_INTEGER_H

#include "blocks.h"
#include "integer.h"
#include "kernels.h"
#include "simd_emit.h"

#ifndef VEC_LANES
#error "include simd_avx2.h or simd_avx512.h first"
#endif

SIMD_BEGIN

// With this many tokens or fewer, rows are multiplied as they are stored: measured, making a panel takes longer.
enum { INTEGER_FEW_TOKENS = 8 };
// Small units whose quants are multiplied together by few tokens.
#ifdef INTEGER_WIDE
enum { SMALL_UNITS = 16 };
#else
enum { SMALL_UNITS = 8 };
#endif

#include "simd_integer_blocks.h"
#include "simd_integer_quantize.h"
#include "simd_integer_dot.h"
#include "simd_integer_panel.h"
#include "simd_integer_peak.h"
#include "simd_integer_tile.h"

static INLINE void integer_rows_of(lk_dtype dtype, const rows_kernel few[ROW_TOKENS], const lk_linear_op *op,
                                   size_t row_begin, size_t row_end, const lk_input *input, float *scratch) {
    if (input->tokens <= INTEGER_FEW_TOKENS) {
        multiply_few_tokens(few, op, row_begin, row_end, input);
        return;
    }
    size_t part_rows = op->weight->blocks[0].rows;
    for (size_t row = row_begin; row < row_end;) {
        size_t rows = lk_min(lk_min(row_end - row, part_rows - row % part_rows), INTEGER_ROWS);
        multiply_integer_group(dtype, op, row, rows, input, scratch);
        row += rows;
    }
}

#define INTEGER_ROWS_OF(name, dtype)                                                                            \
    ROWS_KERNEL(name##_1, dtype, 1)                                                                             \
    ROWS_KERNEL(name##_2, dtype, 2)                                                                             \
    ROWS_KERNEL(name##_3, dtype, 3)                                                                             \
    ROWS_KERNEL(name##_4, dtype, 4)                                                                             \
    static void name(const lk_linear_op *op, size_t begin, size_t end, const lk_input *input, float *scratch) { \
        const rows_kernel few[ROW_TOKENS] = {name##_1, name##_2, name##_3, name##_4};                           \
        integer_rows_of(dtype, few, op, begin, end, input, scratch);                                            \
    }
INTEGER_ROWS_OF(q4_0_rows, LK_Q4_0)
INTEGER_ROWS_OF(q4_1_rows, LK_Q4_1)
INTEGER_ROWS_OF(q5_0_rows, LK_Q5_0)
INTEGER_ROWS_OF(q5_1_rows, LK_Q5_1)
INTEGER_ROWS_OF(q8_0_rows, LK_Q8_0)
INTEGER_ROWS_OF(q2_k_rows, LK_Q2_K)
INTEGER_ROWS_OF(q3_k_rows, LK_Q3_K)
INTEGER_ROWS_OF(q4_k_rows, LK_Q4_K)
INTEGER_ROWS_OF(q5_k_rows, LK_Q5_K)
INTEGER_ROWS_OF(q6_k_rows, LK_Q6_K)

static void integer_rows(const lk_linear_op *op, size_t begin, size_t end, const lk_input *input, float *scratch) {
    switch (op->weight->dtype) {
    case LK_F32:
    case LK_F16:
    case LK_BF16: break;
    case LK_Q4_0: q4_0_rows(op, begin, end, input, scratch); break;
    case LK_Q4_1: q4_1_rows(op, begin, end, input, scratch); break;
    case LK_Q5_0: q5_0_rows(op, begin, end, input, scratch); break;
    case LK_Q5_1: q5_1_rows(op, begin, end, input, scratch); break;
    case LK_Q8_0: q8_0_rows(op, begin, end, input, scratch); break;
    case LK_Q2_K: q2_k_rows(op, begin, end, input, scratch); break;
    case LK_Q3_K: q3_k_rows(op, begin, end, input, scratch); break;
    case LK_Q4_K: q4_k_rows(op, begin, end, input, scratch); break;
    case LK_Q5_K: q5_k_rows(op, begin, end, input, scratch); break;
    case LK_Q6_K: q6_k_rows(op, begin, end, input, scratch); break;
    }
}

SIMD_END

#endif
