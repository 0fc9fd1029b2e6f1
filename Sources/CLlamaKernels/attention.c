// Rotary embedding into the key-value cache, and how attention is divided among threads.
#include "simd_none.h"

#include <string.h>

#include "half.h"
#include "kernels.h"

#pragma STDC FP_CONTRACT OFF

typedef struct {
    const lk_context *context;
    const lk_attention_shape *shape;
    const lk_row *rows;
    size_t count;
    float *q;
    const float *k, *v;
    float *out;
    const lk_cache_layer *cache;
    size_t group_rows;
} attention_job;

// Widest head whose elements are reordered (no checkpoint has a wider one).
enum { MAX_HEAD = 4096 };

// Element `index` of keys, values or queries.
static inline void store(lk_dtype dtype, void *to, size_t index, float value) {
    if (dtype == LK_F16) {
        ((uint16_t *)to)[index] = half_from_float(value);
    } else {
        ((float *)to)[index] = value;
    }
}

static inline void *element(lk_dtype dtype, void *base, size_t index) {
    return (char *)base + lk_dtype_bytes(dtype, index);
}

// Rotates one head. Pair i of the result goes to out[2i * out_stride] and out[(2i + 1) * out_stride] whatever the
// layout of x, so that the sums of q k run over the pairs in one order and a model gives the same bits in either.
// out may be x when the stride is 1.
static inline void rotate_head(const lk_attention_shape *shape, const float *cosine, const float *sine, const float *x,
                               lk_dtype dtype, void *out, size_t out_stride) {
    size_t half = shape->head_dim / 2;
    bool interleaved = shape->rope_layout == LK_ROPE_INTERLEAVED;
    size_t step = interleaved ? 2 : 1;
    size_t partner = interleaved ? 1 : half;
    float copy[MAX_HEAD];
    bool reorders = !interleaved && shape->head_dim <= MAX_HEAD;
    if (reorders && x == out) {
        memcpy(copy, x, shape->head_dim * sizeof *x);
        x = copy;
    }
    size_t out_step = reorders ? 2 : step;
    size_t out_partner = reorders ? 1 : partner;
    for (size_t i = 0; i < half; i++) {
        float a = x[i * step], b = x[i * step + partner];
        store(dtype, out, i * out_step * out_stride, a * cosine[i] - b * sine[i]);
        store(dtype, out, (i * out_step + out_partner) * out_stride, a * sine[i] + b * cosine[i]);
    }
}

static void store_row(void *argument, uint32_t index, int member) {
    (void)member;
    const attention_job *job = argument;
    const lk_attention_shape *shape = job->shape;
    size_t head_dim = shape->head_dim;
    size_t position = (size_t)job->rows[index].position;
    const float *cosine = shape->rope_cos + position * (head_dim / 2);
    const float *sine = shape->rope_sin + position * (head_dim / 2);

    float *q = job->q + index * shape->n_heads * head_dim;
    for (size_t head = 0; head < shape->n_heads; head++) {
        rotate_head(shape, cosine, sine, q + head * head_dim, LK_F32, q + head * head_dim, 1);
    }
    const int32_t *pages = job->cache->pages + (size_t)job->rows[index].slot * job->cache->table_stride;
    size_t page = (size_t)pages[position / LK_PAGE_POSITIONS], row = position % LK_PAGE_POSITIONS;
    const float *k = job->k + index * shape->n_kv_heads * head_dim;
    const float *v = job->v + index * shape->n_kv_heads * head_dim;
    for (size_t head = 0; head < shape->n_kv_heads; head++) {
        size_t base = (page * shape->n_kv_heads + head) * LK_PAGE_POSITIONS * head_dim;
        size_t key = base + row / LK_POSITION_LANES * LK_POSITION_LANES * head_dim + row % LK_POSITION_LANES;
        lk_dtype dtype = job->cache->dtype;
        rotate_head(shape, cosine, sine, k + head * head_dim, dtype, element(dtype, job->cache->keys, key),
                    LK_POSITION_LANES);
        void *values = element(dtype, job->cache->values, base + row * head_dim);
        for (size_t d = 0; d < head_dim; d++) store(dtype, values, d, v[head * head_dim + d]);
    }
}

void lk_rope_and_store(lk_context *context, const lk_attention_shape *shape, const lk_row *rows, size_t count,
                       float *q, const float *k, const float *v, const lk_cache_layer *cache) {
    attention_job job = {
        .context = context, .shape = shape, .rows = rows, .count = count, .q = q, .k = k, .v = v, .cache = cache};
    // A rotation costs several times a multiply-add of a vector loop.
    lk_run(context, store_row, &job, count, 8 * count * (shape->n_heads + 2 * shape->n_kv_heads) * shape->head_dim);
}

// One kv head for a group of neighboring rows. Rows of the same slot share the loads of its keys and values; each
// gets the result that it gets alone.
static void attend_group(void *argument, uint32_t chunk, int member) {
    const attention_job *job = argument;
    const lk_attention_shape *shape = job->shape;
    size_t groups = lk_divide_up(job->count, job->group_rows);
    // The last rows of a prompt see the most positions: starting with them lets the threads finish together.
    size_t first = (groups - 1 - chunk / shape->n_kv_heads) * job->group_rows;
    size_t kv_head = chunk % shape->n_kv_heads;
    size_t end = lk_min(first + job->group_rows, job->count);
    size_t repeats = shape->n_heads / shape->n_kv_heads;
    lk_query queries[LK_QUERIES];
    size_t pending = 0;
    for (size_t row = first; row < end; row++) {
        size_t slot = (size_t)job->rows[row].slot;
        lk_dtype dtype = job->cache->dtype;
        size_t head_elements = LK_PAGE_POSITIONS * shape->head_dim;
        lk_cached cached = {.keys = element(dtype, job->cache->keys, kv_head * head_elements),
                            .values = element(dtype, job->cache->values, kv_head * head_elements),
                            .page_bytes = lk_dtype_bytes(dtype, shape->n_kv_heads * head_elements),
                            .pages = job->cache->pages + slot * job->cache->table_stride};
        for (size_t i = 0; i < repeats; i++) {
            size_t offset = (row * shape->n_heads + kv_head * repeats + i) * shape->head_dim;
            queries[pending++] = (lk_query){job->q + offset, job->out + offset, (size_t)job->rows[row].position + 1};
            bool slot_ends = i + 1 == repeats && (row + 1 == end || (size_t)job->rows[row + 1].slot != slot);
            if (pending < LK_QUERIES && !slot_ends) continue;
            job->context->kernels->attend(queries, pending, shape->head_dim, shape->scale, dtype, &cached,
                                          lk_scratch(job->context, member));
            pending = 0;
        }
    }
}

void lk_attention(lk_context *context, const lk_attention_shape *shape, const lk_row *rows, size_t count,
                  const float *q, float *out, const lk_cache_layer *cache) {
    if (count == 0) return;
    size_t repeats = shape->n_heads / shape->n_kv_heads;
    attention_job job = {.context = context,
                         .shape = shape,
                         .rows = rows,
                         .count = count,
                         .q = (float *)q,
                         .out = out,
                         .cache = cache,
                         .group_rows = lk_max(LK_QUERIES / repeats, 1)};
    size_t positions = 0;
    for (size_t i = 0; i < count; i++) positions += (size_t)rows[i].position + 1;
    lk_run(context, attend_group, &job, lk_divide_up(count, job.group_rows) * shape->n_kv_heads,
           2 * positions * shape->n_heads * shape->head_dim);
}
