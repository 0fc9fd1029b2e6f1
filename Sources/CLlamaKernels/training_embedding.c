// The embedding table of training: rows out, gradients in.
#include <string.h>

#include "training.h"

enum {
    EMBEDDING_ROWS = 64,
    // The gradient is divided by columns, so that one thread adds up the rows with the same id, in order.
    EMBEDDING_COLUMNS = 32,
};

typedef struct {
    const lk_training_kernels *kernels;
    const float *weight, *dx;
    const int32_t *ids;
    float *out, *dweight;
    size_t rows, dim;
} embedding_job;

static void embed_chunk(void *argument, uint32_t chunk, int member) {
    (void)member;
    const embedding_job *job = argument;
    size_t end = lk_min((chunk + 1) * (size_t)EMBEDDING_ROWS, job->rows);
    for (size_t row = chunk * (size_t)EMBEDDING_ROWS; row < end; row++) {
        memcpy(job->out + row * job->dim, job->weight + (size_t)job->ids[row] * job->dim, job->dim * sizeof *job->out);
    }
}

void lk_embedding_rows(lk_context *context, const float *weight, const int32_t *ids, float *out, size_t rows,
                       size_t dim) {
    embedding_job job = {.weight = weight, .ids = ids, .out = out, .rows = rows, .dim = dim};
    lk_run(context, embed_chunk, &job, lk_divide_up(rows, EMBEDDING_ROWS), LK_ELEMENT_COST * rows * dim);
}

static void embed_backward_chunk(void *argument, uint32_t chunk, int member) {
    (void)member;
    const embedding_job *job = argument;
    size_t begin = chunk * (size_t)EMBEDDING_COLUMNS, columns = lk_min(EMBEDDING_COLUMNS, job->dim - begin);
    for (size_t row = 0; row < job->rows; row++) {
        job->kernels->add(job->dweight + (size_t)job->ids[row] * job->dim + begin, job->dx + row * job->dim + begin,
                          columns);
    }
}

void lk_embedding_backward(lk_context *context, const float *dx, const int32_t *ids, float *dweight, size_t rows,
                           size_t dim) {
    embedding_job job = {
        .kernels = lk_training(context), .dx = dx, .ids = ids, .dweight = dweight, .rows = rows, .dim = dim};
    lk_run(context, embed_backward_chunk, &job, lk_divide_up(dim, EMBEDDING_COLUMNS), LK_ELEMENT_COST * rows * dim);
}
