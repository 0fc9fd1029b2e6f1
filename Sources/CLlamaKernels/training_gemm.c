// Matrix products of training: how their rows are divided among threads.
#include "training.h"

// Rows of c in a share. For each share the library copies the right-hand matrix into its own layout, which 96 rows
// already pay for; products over a batch's tokens have enough rows for larger shares that still occupy all threads.
enum { FEW_ROWS = 96, MANY_ROWS = 160, SHARES_FOR_MANY = 8 };

typedef struct {
    lk_sgemm sgemm;
    const lk_gemm_op *ops;
} gemm_job;

// Nearly equal shares: a short last one would be slow and the other threads would wait for it.
static size_t share_count(const lk_gemm_op *op) {
    size_t rows = op->m >= SHARES_FOR_MANY * MANY_ROWS ? MANY_ROWS : FEW_ROWS;
    return lk_max((op->m + rows / 2) / rows, 1);
}

static void gemm_share(void *argument, uint32_t chunk, int member) {
    (void)member;
    const gemm_job *job = argument;
    size_t index = chunk;
    const lk_gemm_op *op = job->ops;
    for (; index >= share_count(op); op++) index -= share_count(op);
    // Whole groups of the four rows that the library's loops process at a time.
    size_t rows = lk_divide_up(lk_divide_up(op->m, share_count(op)), 4) * 4;
    size_t begin = index * rows;
    if (begin >= op->m) return;
    lk_gemm_op share = *op;
    share.m = lk_min(rows, op->m - begin);
    share.a += op->transpose_a ? begin : begin * op->lda;
    share.c += begin * op->ldc;
    lk_gemm_here(job->sgemm, &share);
}

void lk_gemm(lk_context *context, lk_sgemm sgemm, const lk_gemm_op *ops, size_t count) {
    gemm_job job = {sgemm, ops};
    size_t shares = 0, work = 0;
    for (size_t i = 0; i < count; i++) {
        shares += share_count(&ops[i]);
        work += ops[i].m * ops[i].n * ops[i].k;
    }
    lk_run(context, gemm_share, &job, shares, work);
}
