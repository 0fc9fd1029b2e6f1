// How linear layers are divided among threads: the packing of activations, and chunks of rows. How a row is computed
// is up to the instruction set, and does not depend on its chunk or thread.
#include "kernels.h"
#include "scalar_sums.h"

// Packings that one call makes: two for integers and four for bfloat16, whose activations must be packed and fit the
// memory together; the rest for float32, where a layer that would need another reads the activations as they are.
enum { MOST_PACKINGS = 8 };
enum { INTEGER_FLOATS = LK_PACKED_FLOATS / 4, BFLOAT16_FLOATS = LK_PACKED_FLOATS / 8 };

// A round's tokens packed for all layers that want them alike.
typedef struct {
    const lk_matrix *weight;  // of one of them
    const lk_linear_kernels *kernels;
    float *packed;
    size_t tiles;
} packing;

typedef struct {
    const lk_context *context;
    const lk_linear_op *ops;
    size_t count;
    lk_input input;
    packing packings[MOST_PACKINGS];
    size_t packing_count;
    size_t divided_rows;  // that the threads divide among them
    size_t tokens;        // of the call
} linear_job;

// MARK: Packing

// Whether a weight is multiplied in integers; whatever else a call computes.
static bool in_integers(const lk_context *context, const lk_matrix *weight) {
    if (context->integer == NULL || lk_dtype_block_count(weight->dtype) == 1) return false;
    size_t floats = context->integer->packed_size(weight);
    return floats > 0 && floats <= INTEGER_FLOATS;
}

static bool in_bfloat16(const lk_context *context, const lk_matrix *weight) {
    if (context->bfloat16 == NULL || weight->dtype != LK_BF16) return false;
    size_t floats = context->bfloat16->packed_size(weight);
    return floats > 0 && floats <= BFLOAT16_FLOATS;
}

static const lk_linear_kernels *kernels_of(const lk_context *context, const lk_matrix *weight) {
    if (in_integers(context, weight)) return context->integer;
    return in_bfloat16(context, weight) ? context->bfloat16 : context->kernels->linear;
}

// Layers of one input have equally many columns, so parts of equal width are equally many.
static bool pack_alike(const lk_context *context, const lk_matrix *a, const lk_matrix *b) {
    if (kernels_of(context, a) != kernels_of(context, b)) return false;
    if (kernels_of(context, a) == context->integer) return lk_dtype_block_count(a->dtype) == lk_dtype_block_count(b->dtype);
    return a->blocks[0].columns == b->blocks[0].columns;
}

static const packing *packing_of(const linear_job *job, const lk_matrix *weight) {
    for (size_t i = 0; i < job->packing_count; i++) {
        if (pack_alike(job->context, job->packings[i].weight, weight)) return &job->packings[i];
    }
    return NULL;
}

// Plans what the layers of float32, or the others, want where `round` of the tokens are packed at a time; returns the
// floats of a packed token so far.
static size_t plan_kind(linear_job *job, bool in_float32, size_t tokens, size_t round, size_t token_floats) {
    for (const lk_linear_op *op = job->ops; op < job->ops + job->count; op++) {
        const lk_linear_kernels *kernels = kernels_of(job->context, op->weight);
        if ((kernels == job->context->kernels->linear) != in_float32) continue;
        size_t tiles = kernels->packed_tiles(op->weight->dtype, tokens);
        if (tiles == 0 || job->packing_count == MOST_PACKINGS || packing_of(job, op->weight)) continue;
        size_t floats = kernels->packed_size(op->weight);
        if (floats == 0 || (token_floats + floats) * round > LK_PACKED_FLOATS) continue;
        job->packings[job->packing_count++] = (packing){.weight = op->weight, .kernels = kernels, .tiles = tiles};
        token_floats += floats;
    }
    return token_floats;
}

// The layers come first whose activations must be packed.
static size_t plan_packings(linear_job *job, size_t tokens, size_t round) {
    job->packing_count = 0;
    return plan_kind(job, true, tokens, round, plan_kind(job, false, tokens, round, 0));
}

static void pack_chunk(void *argument, uint32_t chunk, int member) {
    (void)member;
    const linear_job *job = argument;
    const packing *to = job->packings;
    size_t tile = chunk;
    for (; tile >= to->tiles; to++) tile -= to->tiles;
    to->kernels->pack(to->weight, &job->input, tile, to->tiles, to->packed);
}

static void pack(linear_job *job) {
    float *next = job->context->packed;
    size_t columns = 0, tiles = 0;
    for (packing *to = job->packings; to < job->packings + job->packing_count; to++) {
        to->packed = next;
        next += to->kernels->packed_size(to->weight) * job->input.tokens;
        columns += to->weight->columns;
        tiles += to->tiles;
    }
    lk_run(job->context, pack_chunk, job, tiles, 4 * job->input.tokens * columns);
}

// MARK: Rows

// Bytes of weights that a thread reads at a time for one token.
enum { STREAM_BYTES = 4 * 1024 * 1024 };

// Rows of a chunk: a panel's worth, or for one token, whose time is that of reading the weights, as many as make a long
// stream: where a thread changes to another chunk, memory waits. And few enough that the threads finish together, but no
// fewer than are computed together.
static size_t chunk_rows(const linear_job *job, const lk_matrix *weight) {
    bool streams = job->tokens == 1;
    size_t row_bytes = lk_max(lk_dtype_bytes(weight->dtype, weight->columns), 1);
    size_t stream = lk_min(lk_max(STREAM_BYTES / row_bytes, 8), LK_SUM_FLOATS / LANES);
    size_t rows = streams ? stream : LK_PANEL_ROWS;
    size_t fair = lk_divide_up(job->divided_rows, (streams ? 2 : 4) * (size_t)lk_team_size(job->context->team));
    const lk_linear_kernels *kernels = kernels_of(job->context, weight);
    bool packs = job->tokens > 1 && kernels->packed_tiles(weight->dtype, job->tokens) > 0;
    return lk_min(rows, lk_max(fair, lk_max(packs ? kernels->group : 0, 8))) / 4 * 4;
}

static void linear_rows(const linear_job *job, const lk_linear_op *op, size_t begin, size_t end, float *scratch) {
    const lk_linear_kernels *kernels = kernels_of(job->context, op->weight);
    lk_input input = job->input;
    const packing *packing = packing_of(job, op->weight);
    if (packing && kernels->packed_tiles(op->weight->dtype, input.tokens) > 0) {
        input.packed = packing->packed;
        input.tiles = packing->tiles;
    }
    kernels->rows(op, begin, end, &input, scratch);
}

static void linear_chunk(void *argument, uint32_t chunk, int member) {
    const linear_job *job = argument;
    const lk_linear_op *op = job->ops;
    size_t index = chunk, rows;
    for (;; op++) {
        rows = chunk_rows(job, op->weight);
        size_t chunks = lk_divide_up(op->weight->rows, rows);
        if (index < chunks) break;
        index -= chunks;
    }
    size_t begin = index * rows, end = lk_min(begin + rows, op->weight->rows);
    linear_rows(job, op, begin, end, lk_scratch(job->context, member));
}

static size_t swiglu_rows(const linear_job *job) {
    return lk_min(chunk_rows(job, job->ops[0].weight), chunk_rows(job, job->ops[1].weight));
}

// One thread computes both layers' rows of a chunk and multiplies them while they are in its cache, without another
// parallel region.
static void swiglu_chunk(void *argument, uint32_t chunk, int member) {
    const linear_job *job = argument;
    const lk_linear_op *gate = &job->ops[0], *up = &job->ops[1];
    size_t rows = swiglu_rows(job);
    size_t begin = chunk * rows, end = lk_min(begin + rows, gate->weight->rows);
    float *scratch = lk_scratch(job->context, member);
    linear_rows(job, gate, begin, end, scratch);
    linear_rows(job, up, begin, end, scratch);
    for (size_t t = job->input.first; t < job->input.first + job->input.tokens; t++) {
        job->context->kernels->silu_multiply(gate->out + t * gate->out_stride + begin,
                                             up->out + t * up->out_stride + begin, end - begin);
    }
}

// MARK: Calls

// Runs `work` over the chunks of layers with `rows` rows in all, for as many tokens at a time as can be packed.
static void run_rounds(linear_job *job, lk_work work, size_t rows, size_t chunks, const float *x, size_t x_stride) {
    size_t columns = job->ops[0].weight->columns;
    // The first plan says how many tokens fit; each round makes its own, which may pack other layers in float32, but always
    // those that must be packed.
    size_t round = job->tokens, token_floats = plan_packings(job, job->tokens, 1);
    if (token_floats > 0) {
        size_t most = lk_min(LK_PACKED_FLOATS / token_floats, LK_ROUND_TOKENS);
        round = lk_divide_up(job->tokens, lk_divide_up(job->tokens, most));
    }
    for (size_t first = 0; first < job->tokens; first += round) {
        job->input = (lk_input){.x = x + first * x_stride,
                                .x_stride = x_stride,
                                .first = first,
                                .tokens = lk_min(round, job->tokens - first)};
        if (plan_packings(job, job->input.tokens, job->input.tokens) > 0) pack(job);
        lk_run(job->context, work, job, chunks, rows * columns * job->input.tokens);
    }
}

void lk_linear(lk_context *context, const lk_linear_op *ops, size_t count, const float *x, size_t x_stride,
               size_t tokens) {
    if (count == 0 || tokens == 0) return;
    linear_job job = {.context = context, .ops = ops, .count = count, .tokens = tokens};
    for (size_t i = 0; i < count; i++) job.divided_rows += ops[i].weight->rows;
    size_t chunks = 0;
    for (size_t i = 0; i < count; i++) {
        chunks += lk_divide_up(ops[i].weight->rows, chunk_rows(&job, ops[i].weight));
    }
    run_rounds(&job, linear_chunk, job.divided_rows, chunks, x, x_stride);
}

void lk_swiglu(lk_context *context, const lk_linear_op *gate, const lk_linear_op *up, const float *x,
               size_t x_stride, size_t tokens) {
    if (tokens == 0) return;
    const lk_linear_op ops[2] = {*gate, *up};
    // The threads divide the rows of one layer, and each chunk is computed for both.
    linear_job job = {.context = context, .ops = ops, .count = 2, .divided_rows = gate->weight->rows, .tokens = tokens};
    size_t chunks = lk_divide_up(gate->weight->rows, swiglu_rows(&job));
    run_rounds(&job, swiglu_chunk, 2 * gate->weight->rows, chunks, x, x_stride);
}
