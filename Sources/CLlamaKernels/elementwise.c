// Embedding and normalization, one token at a time.
#include "kernels.h"

typedef struct {
    const lk_context *context;
    const lk_matrix *weight;
    const int32_t *ids;
    float *out;
} embedding_job;

static void embed_token(void *argument, uint32_t token, int member) {
    (void)member;
    const embedding_job *job = argument;
    const lk_matrix *weight = job->weight;
    size_t row = (size_t)job->ids[token];
    size_t part_rows = weight->blocks[0].rows;
    const lk_block *blocks = weight->blocks + row / part_rows * weight->column_parts;
    float *out = job->out + token * weight->columns;
    for (size_t part = 0; part < weight->column_parts; part++) {
        job->context->kernels->convert(weight->dtype, lk_block_row(&blocks[part], weight->dtype, row % part_rows), out,
                                       blocks[part].columns);
        out += blocks[part].columns;
    }
}

void lk_embedding(lk_context *context, const lk_matrix *weight, const int32_t *ids, size_t count, float *out) {
    embedding_job job = {context, weight, ids, out};
    lk_run(context, embed_token, &job, count, count * weight->columns);
}

typedef struct {
    const lk_context *context;
    const float *x, *weight;
    float epsilon;
    float *out;
    size_t dim;
} rms_norm_job;

static void normalize_token(void *argument, uint32_t token, int member) {
    (void)member;
    const rms_norm_job *job = argument;
    size_t offset = token * job->dim;
    job->context->kernels->rms_norm(job->x + offset, job->weight, job->epsilon, job->out + offset, job->dim);
}

void lk_rms_norm(lk_context *context, const float *x, const float *weight, float epsilon, float *out, size_t tokens,
                 size_t dim) {
    rms_norm_job job = {context, x, weight, epsilon, out, dim};
    lk_run(context, normalize_token, &job, tokens, 2 * tokens * dim);
}

double lk_log_sum_exp(lk_context *context, const float *x, size_t count) {
    return context->kernels->log_sum_exp(x, count);
}
