// Normalization of training; the sums of its weight gradient are added in a fixed order.
#include <string.h>

#include "training.h"

enum {
    // Rows of a chunk in the forward pass.
    NORM_ROWS = 64,
    // Partial sums of dweight in the backward pass: a fixed number, so that scratch does not grow with the rows.
    NORM_PARTS = 32,
};

typedef struct {
    const lk_training_kernels *kernels;
    const float *dout, *x, *weight;
    float epsilon;
    float *out, *rstd, *dx, *parts;
    size_t rows, dim, chunk_rows;
} norm_job;

static void norm_chunk(void *argument, uint32_t chunk, int member) {
    (void)member;
    const norm_job *job = argument;
    size_t begin = chunk * job->chunk_rows, rows = lk_min(job->chunk_rows, job->rows - begin);
    job->kernels->rms_norm(job->x + begin * job->dim, job->weight, job->epsilon, job->out + begin * job->dim,
                           job->rstd + begin, rows, job->dim);
}

void lk_rms_norm_forward(lk_context *context, const float *x, const float *weight, float epsilon, float *out,
                         float *rstd, size_t rows, size_t dim) {
    norm_job job = {.kernels = lk_training(context),
                    .x = x,
                    .weight = weight,
                    .epsilon = epsilon,
                    .out = out,
                    .rstd = rstd,
                    .rows = rows,
                    .dim = dim,
                    .chunk_rows = NORM_ROWS};
    lk_run(context, norm_chunk, &job, lk_divide_up(rows, NORM_ROWS), LK_ELEMENT_COST * rows * dim);
}

static void norm_backward_chunk(void *argument, uint32_t chunk, int member) {
    (void)member;
    const norm_job *job = argument;
    size_t begin = chunk * job->chunk_rows, rows = lk_min(job->chunk_rows, job->rows - begin);
    size_t offset = begin * job->dim;
    job->kernels->rms_norm_backward(job->dout + offset, job->x + offset, job->weight, job->rstd + begin,
                                    job->dx + offset, job->parts + chunk * job->dim, rows, job->dim);
}

size_t lk_norm_scratch(size_t dim) { return NORM_PARTS * dim; }

void lk_rms_norm_backward(lk_context *context, const float *dout, const float *x, const float *weight,
                          const float *rstd, float *dx, float *dweight, float *scratch, size_t rows, size_t dim) {
    if (rows == 0) return;
    norm_job job = {.kernels = lk_training(context),
                    .dout = dout,
                    .x = x,
                    .weight = weight,
                    .rstd = (float *)rstd,
                    .dx = dx,
                    .parts = scratch,
                    .rows = rows,
                    .dim = dim,
                    .chunk_rows = lk_divide_up(rows, NORM_PARTS)};
    size_t chunks = lk_divide_up(rows, job.chunk_rows);
    lk_run(context, norm_backward_chunk, &job, chunks, 2 * LK_ELEMENT_COST * rows * dim);
    for (size_t part = 0; part < chunks; part++) job.kernels->add(dweight, scratch + part * dim, dim);
}
