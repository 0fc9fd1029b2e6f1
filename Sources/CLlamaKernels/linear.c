// How the rows of linear layers are shared out. What happens to a row is the instruction set's business, and
// does not depend on which chunk or thread it falls to.
#include "kernels.h"

typedef struct {
    const lk_context *context;
    const lk_linear_op *ops;
    lk_input input;
    size_t tiles, chunk_rows;
} linear_job;

// Rows a thread takes at once: a panel's worth, or for one token, whose time is that of reading the weights, enough
// (about 128 KiB) to be a stream. And always few enough that the threads end together.
static size_t chunk_rows(const lk_matrix *weight, size_t total_rows, size_t tokens, int threads) {
    size_t row_bytes = lk_max(lk_dtype_bytes(weight->dtype, weight->columns), 1);
    size_t rows = tokens > 1 ? LK_PANEL_ROWS : lk_max(128 * 1024 / row_bytes, 8);
    size_t fair = lk_divide_up(total_rows, 4 * (size_t)threads);
    return lk_min(rows, lk_max(fair, 8)) / 4 * 4;
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
    size_t begin = index * job->chunk_rows, end = lk_min(begin + job->chunk_rows, op->weight->rows);
    job->context->kernels->linear_rows(op, begin, end, &job->input, lk_scratch(job->context, member));
}

// Both layers' rows of a chunk are computed by the thread that then multiplies them, so the pair needs no
// region of its own for that and its values are still in the cache.
static void swiglu_chunk(void *argument, uint32_t chunk, int member) {
    const linear_job *job = argument;
    const lk_kernels *kernels = job->context->kernels;
    const lk_linear_op *gate = &job->ops[0], *up = &job->ops[1];
    size_t begin = chunk * job->chunk_rows, end = lk_min(begin + job->chunk_rows, gate->weight->rows);
    float *scratch = lk_scratch(job->context, member);
    kernels->linear_rows(gate, begin, end, &job->input, scratch);
    kernels->linear_rows(up, begin, end, &job->input, scratch);
    for (size_t t = job->input.first; t < job->input.first + job->input.tokens; t++) {
        kernels->silu_multiply(gate->out + t * gate->out_stride + begin, up->out + t * up->out_stride + begin,
                               end - begin);
    }
}

static void pack_chunk(void *argument, uint32_t tile, int member) {
    (void)member;
    const linear_job *job = argument;
    job->context->kernels->pack(job->ops[0].weight, &job->input, tile, job->tiles, job->context->packed);
}

// Runs `work` over the chunks of the layers for as many tokens at a time as can be packed.
static void run_rounds(lk_context *context, lk_work work, const lk_linear_op *ops, size_t chunks, size_t rows,
                       size_t rows_of_chunk, const float *x, size_t x_stride, size_t tokens) {
    const lk_matrix *weight = ops[0].weight;
    size_t round = tokens;
    bool packs = context->kernels->packed_tiles(weight->dtype, tokens) > 0;
    if (packs) {
        size_t most = LK_PACKED_FLOATS / lk_max(context->kernels->packed_size(weight), 1);
        packs = most > 0;
        if (packs) round = lk_divide_up(tokens, lk_divide_up(tokens, most));
    }
    for (size_t first = 0; first < tokens; first += round) {
        linear_job job = {.context = context, .ops = ops, .chunk_rows = rows_of_chunk};
        job.input = (lk_input){.x = x + first * x_stride,
                               .x_stride = x_stride,
                               .first = first,
                               .tokens = lk_min(round, tokens - first)};
        job.tiles = packs ? context->kernels->packed_tiles(weight->dtype, job.input.tokens) : 0;
        if (job.tiles > 0) {
            lk_run(context, pack_chunk, &job, job.tiles, job.input.tokens * weight->columns);
            job.input.packed = context->packed;
            job.input.packed_columns = weight->blocks[0].columns;
        }
        lk_run(context, work, &job, chunks, rows * weight->columns * job.input.tokens);
    }
}

void lk_linear(lk_context *context, const lk_linear_op *ops, size_t count, const float *x, size_t x_stride,
               size_t tokens) {
    if (count == 0 || tokens == 0) return;
    size_t rows = 0, chunks = 0;
    for (size_t i = 0; i < count; i++) rows += ops[i].weight->rows;
    size_t rows_of_chunk = chunk_rows(ops[0].weight, rows, tokens, lk_team_size(context->team));
    for (size_t i = 0; i < count; i++) chunks += lk_divide_up(ops[i].weight->rows, rows_of_chunk);
    run_rounds(context, linear_chunk, ops, chunks, rows, rows_of_chunk, x, x_stride, tokens);
}

void lk_swiglu(lk_context *context, const lk_linear_op *gate, const lk_linear_op *up, const float *x,
               size_t x_stride, size_t tokens) {
    if (tokens == 0) return;
    const lk_linear_op ops[2] = {*gate, *up};
    size_t rows = gate->weight->rows;
    size_t rows_of_chunk = chunk_rows(gate->weight, rows, tokens, lk_team_size(context->team));
    run_rounds(context, swiglu_chunk, ops, lk_divide_up(rows, rows_of_chunk), 2 * rows, rows_of_chunk, x, x_stride,
               tokens);
}
