// How the rows of linear layers are shared out. What happens to a row is the instruction set's business, and
// does not depend on which chunk or thread it falls to.
#include "kernels.h"

typedef struct {
    const lk_kernels *kernels;
    const lk_context *context;
    const lk_linear_op *ops;
    size_t count;
    const float *x;
    size_t x_stride, tokens;
    size_t chunk_rows;
} linear_job;

// Rows a thread takes at once: a panel's worth when there are tokens enough to convert one. For few tokens the
// time is that of reading the weights, so chunks are long enough (about 128 KiB) to be streams, and short
// enough that the threads end together.
static size_t chunk_rows(const lk_matrix *weight, size_t total_rows, size_t tokens, int threads) {
    size_t row_bytes = lk_max(weight->columns * lk_dtype_size(weight->dtype), 1);
    size_t rows = LK_PANEL_ROWS;
    if (tokens > 1) {
        rows = lk_max(LK_PANEL_TARGET / lk_max(weight->columns, 1), 4);
    } else {
        rows = lk_max(128 * 1024 / row_bytes, 8);
    }
    size_t fair = lk_divide_up(total_rows, 4 * (size_t)threads);
    rows = lk_min(lk_min(rows, LK_PANEL_ROWS), lk_max(fair, 8));
    return rows / 4 * 4;
}

static void linear_chunk(void *argument, uint32_t chunk, int member) {
    const linear_job *job = argument;
    size_t index = chunk;
    const lk_linear_op *op = job->ops;
    for (;; op++) {
        size_t chunks = lk_divide_up(op->weight->rows, job->chunk_rows);
        if (index < chunks) break;
        index -= chunks;
    }
    size_t begin = index * job->chunk_rows;
    job->kernels->linear_rows(op, begin, lk_min(begin + job->chunk_rows, op->weight->rows), job->x, job->x_stride,
                              job->tokens, lk_scratch(job->context, member));
}

void lk_linear(lk_context *context, const lk_linear_op *ops, size_t count, const float *x, size_t x_stride,
               size_t tokens) {
    if (count == 0 || tokens == 0) return;
    size_t rows = 0, chunks = 0;
    for (size_t i = 0; i < count; i++) rows += ops[i].weight->rows;
    linear_job job = {.kernels = context->kernels,
                      .context = context,
                      .ops = ops,
                      .count = count,
                      .x = x,
                      .x_stride = x_stride,
                      .tokens = tokens,
                      .chunk_rows = chunk_rows(ops[0].weight, rows, tokens, lk_team_size(context->team))};
    for (size_t i = 0; i < count; i++) chunks += lk_divide_up(ops[i].weight->rows, job.chunk_rows);
    lk_run(context, linear_chunk, &job, chunks, rows * ops[0].weight->columns * tokens);
}

// Both layers' rows of a chunk are computed by the thread that then multiplies them, so the pair needs no
// second region and its values are still in the cache.
static void swiglu_chunk(void *argument, uint32_t chunk, int member) {
    const linear_job *job = argument;
    const lk_linear_op *gate = &job->ops[0], *up = &job->ops[1];
    size_t begin = chunk * job->chunk_rows;
    size_t end = lk_min(begin + job->chunk_rows, gate->weight->rows);
    float *scratch = lk_scratch(job->context, member);
    job->kernels->linear_rows(gate, begin, end, job->x, job->x_stride, job->tokens, scratch);
    job->kernels->linear_rows(up, begin, end, job->x, job->x_stride, job->tokens, scratch);
    for (size_t t = 0; t < job->tokens; t++) {
        job->kernels->silu_multiply(gate->out + t * gate->out_stride + begin, up->out + t * up->out_stride + begin,
                                    end - begin);
    }
}

void lk_swiglu(lk_context *context, const lk_linear_op *gate, const lk_linear_op *up, const float *x,
               size_t x_stride, size_t tokens) {
    if (tokens == 0) return;
    const lk_linear_op ops[2] = {*gate, *up};
    size_t rows = gate->weight->rows;
    linear_job job = {.kernels = context->kernels,
                      .context = context,
                      .ops = ops,
                      .count = 2,
                      .x = x,
                      .x_stride = x_stride,
                      .tokens = tokens,
                      .chunk_rows = chunk_rows(gate->weight, rows, tokens, lk_team_size(context->team))};
    lk_run(context, swiglu_chunk, &job, lk_divide_up(rows, job.chunk_rows),
           2 * rows * gate->weight->columns * tokens);
}
