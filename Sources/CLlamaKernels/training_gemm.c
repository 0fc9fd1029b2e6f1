// Matrix products of training: how their rows are shared out.
#include "training.h"

// Rows of c that a thread takes at once. A product copies its right-hand matrix into the library's own layout once
// for each share, which 96 rows already pay for; products over a batch's tokens have rows to spare, and larger
// shares of them still go round.
enum { FEW_ROWS = 96, MANY_ROWS = 160, SHARES_FOR_MANY = 8 };

typedef struct {
    lk_sgemm sgemm;
    const lk_gemm_op *ops;
} gemm_job;

// Nearly equal shares: a short last one would be slow and leave the other threads waiting.
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
    // Whole groups of the four rows that the library's loops take at a time.
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
