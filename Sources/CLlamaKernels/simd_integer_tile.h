// A panel times tiles of tokens; included by simd_integer.h alone.

static INLINE ivec activation(const void *from) {
    int32_t four;
    memcpy(&four, from, sizeof four);
    return ivec_set(four);
}

// Integer sums of one unit: products[t][v].
static INLINE void tile_unit(lk_dtype dtype, int tokens, const integer_panel *panel, size_t index,
                             const lk_quantized *x, size_t unit, ivec products[INTEGER_TOKENS][INTEGER_VECTORS]) {
    size_t n = lk_unit(dtype), groups_per_scale = lk_scale_columns(dtype) / 4;
    size_t flush = lk_min(groups_per_scale, flush_groups(dtype));
    const uint8_t *quants = panel->quants + index * n * INTEGER_ROWS;
    const int8_t *input = x->quants + unit * n * (size_t)tokens;
    UNROLL for (int t = 0; t < tokens; t++) {
        // What the offset of small units' quants comes to is where their sums begin.
        ivec start = ivec_zero();
        if (!lk_is_large(dtype) && run_offset(dtype) != 0) {
            start = ivec_set(-run_offset(dtype) * x->sums[unit * (size_t)tokens + (size_t)t]);
        }
        UNROLL for (int v = 0; v < INTEGER_VECTORS; v++) products[t][v] = start;
    }
    for (size_t group = 0; group < n / 4; group += flush) {
        ivec part[INTEGER_TOKENS][INTEGER_VECTORS];
        UNROLL for (int t = 0; t < tokens; t++) {
            UNROLL for (int v = 0; v < INTEGER_VECTORS; v++) part[t][v] = first_part(dtype, products[t][v]);
        }
        UNROLL for (size_t g = 0; g < flush; g++) {
            ivec w[INTEGER_VECTORS];
            UNROLL for (int v = 0; v < INTEGER_VECTORS; v++) w[v] = ivec_load(quants + (size_t)v * 4 * VEC_LANES);
            UNROLL for (int t = 0; t < tokens; t++) {
                ivec four = activation(input + 4 * t);
                UNROLL for (int v = 0; v < INTEGER_VECTORS; v++) part[t][v] = add_group(dtype, part[t][v], w[v], four);
            }
            quants += 4 * INTEGER_ROWS;
            input += 4 * tokens;
        }
        ivec scale[INTEGER_VECTORS];
        UNROLL for (int v = 0; v < INTEGER_VECTORS; v++) {
            scale[v] = lk_is_large(dtype) ? ivec_load(&panel->scales[index][group / groups_per_scale][v * VEC_LANES])
                                          : ivec_set(scale_group(1));
        }
        UNROLL for (int t = 0; t < tokens; t++) {
            UNROLL for (int v = 0; v < INTEGER_VECTORS; v++) {
                products[t][v] = add_scaled(dtype, products[t][v], part[t][v], scale[v]);
            }
        }
    }
}

// The unit's pairs times the token's: what an offset or minimums come to.
static INLINE ivec tile_pairs(lk_dtype dtype, int tokens, const integer_panel *panel, size_t index,
                              const lk_quantized *x, size_t unit, int t, int v) {
    const int16_t *from = pair_count(dtype) == 8 ? x->sums16 : x->sums32;
    ivec sum = ivec_zero();
    UNROLL for (size_t i = 0; i < pair_count(dtype); i++) {
        ivec pairs = ivec_load(&panel->pairs[index][i][v * VEC_LANES][0]);
        ivec sums = activation(from + ((unit * pair_count(dtype) + i) * (size_t)tokens + (size_t)t) * 2);
        sum = dot_pairs(sum, pairs, sums);
    }
    return sum;
}

// Adds the terms of the panel's units of one lane, `begin`, `begin` + 16, ... of `count`, to sums[tokens,
// INTEGER_ROWS], which begin at 0 with the lane's first unit.
static INLINE void integer_tile(lk_dtype dtype, int tokens, const integer_panel *panel, const lk_quantized *x,
                                size_t first, size_t begin, size_t count, float *sums) {
    vec acc[INTEGER_TOKENS][INTEGER_VECTORS];
    UNROLL for (int t = 0; t < tokens; t++) {
        UNROLL for (int v = 0; v < INTEGER_VECTORS; v++) {
            acc[t][v] = first + begin < VEC_LANES ? vec_zero() : vec_load(sums + t * INTEGER_ROWS + v * VEC_LANES);
        }
    }
    for (size_t i = begin; i < count; i += VEC_LANES) {
        size_t unit = first + i;
        ivec products[INTEGER_TOKENS][INTEGER_VECTORS];
        tile_unit(dtype, tokens, panel, i, x, unit, products);
        UNROLL for (int t = 0; t < tokens; t++) {
            size_t at = unit * (size_t)tokens + (size_t)t;
            vec d_x = vec_set(x->d[at]);
            UNROLL for (int v = 0; v < INTEGER_VECTORS; v++) {
                ivec product = products[t][v];
                if (lk_is_large(dtype) && lk_quant_offset(dtype) != 0) {
                    ivec offset = tile_pairs(dtype, tokens, panel, i, x, unit, t, v);
                    product = ivec_sub(product, ivec_mul(offset, ivec_set(lk_quant_offset(dtype))));
                }
                vec d = vec_load(&panel->d[i][v * VEC_LANES]);
                acc[t][v] = vec_fma(vec_mul(d, d_x), ivec_to_floats(product), acc[t][v]);
                if (!lk_has_minimums(dtype)) continue;
                vec m = vec_load(&panel->m[i][v * VEC_LANES]);
                if (lk_is_large(dtype)) {
                    ivec minimums = tile_pairs(dtype, tokens, panel, i, x, unit, t, v);
                    acc[t][v] = vec_fnma(vec_mul(m, d_x), ivec_to_floats(minimums), acc[t][v]);
                } else {
                    acc[t][v] = vec_fma(m, vec_set(x->s[at]), acc[t][v]);
                }
            }
        }
    }
    UNROLL for (int t = 0; t < tokens; t++) {
        UNROLL for (int v = 0; v < INTEGER_VECTORS; v++) {
            vec_store(sums + t * INTEGER_ROWS + v * VEC_LANES, acc[t][v]);
        }
    }
}

#define INTEGER_CASE(n) \
    case n: integer_tile(dtype, n, panel, x, first, begin, count, sums); break;

static INLINE void integer_tokens(lk_dtype dtype, size_t tokens, const integer_panel *panel, const lk_quantized *x,
                                  size_t first, size_t begin, size_t count, float *sums) {
    switch (tokens) {
        INTEGER_CASE(1) INTEGER_CASE(2) INTEGER_CASE(3)
#if INTEGER_TOKENS > 3
        INTEGER_CASE(4) INTEGER_CASE(5) INTEGER_CASE(6)
#endif
    }
}

static INLINE void emit_integer_tile(const lk_linear_op *op, size_t row, size_t rows, size_t units, size_t token,
                                     size_t tokens, const float *sums) {
    size_t stride = INTEGER_TOKENS * INTEGER_ROWS;
    for (size_t t = 0; t < tokens; t++) {
        for (size_t r = 0; r < rows; r += VEC_LANES) {
            vec lanes[VEC_LANES];
            UNROLL for (size_t lane = 0; lane < VEC_LANES; lane++) {
                lanes[lane] = lane < units ? vec_load(sums + lane * stride + t * INTEGER_ROWS + r) : vec_zero();
            }
            emit_lanes(op, token + t, row + r, rows - r, lanes);
        }
    }
}

static INLINE void multiply_integer_group(lk_dtype dtype, const lk_linear_op *op, size_t row, size_t rows,
                                          const lk_input *input, float *scratch) {
    const lk_matrix *weight = op->weight;
    size_t part_rows = weight->blocks[0].rows, columns = weight->columns, token_floats = integer_size(weight);
    const lk_block *blocks = weight->blocks + row / part_rows * weight->column_parts;
    integer_panel *panel = (integer_panel *)(void *)scratch;
    float *sums = scratch + LK_PANEL_FLOATS;
    size_t units = columns / lk_unit(dtype), panels = lk_max(lk_divide_up(columns, PANEL_COLUMNS), 1);
    for (size_t i = 0; i < panels; i++) {
        size_t first = lk_tile_begin(i, panels, units), count = lk_tile_begin(i + 1, panels, units) - first;
        fill_integer_panel(dtype, weight, blocks, row % part_rows, rows, first, count, panel);
        // A lane's units stay in the first-level cache while all tiles pass.
        for (size_t lane = 0; lane < VEC_LANES; lane++) {
            size_t begin = (lane + VEC_LANES - first % VEC_LANES) % VEC_LANES;
            if (begin >= count) continue;
            for (size_t tile = 0; tile < input->tiles; tile++) {
                size_t t = lk_tile_begin(tile, input->tiles, input->tokens);
                size_t n = lk_tile_begin(tile + 1, input->tiles, input->tokens) - t;
                lk_quantized x = lk_quantized_tile(dtype, columns, n, (float *)input->packed + t * token_floats);
                float *lane_sums = sums + (tile * VEC_LANES + lane) * INTEGER_TOKENS * INTEGER_ROWS;
                integer_tokens(dtype, n, panel, &x, first, begin, count, lane_sums);
            }
        }
    }
    for (size_t tile = 0; tile < input->tiles; tile++) {
        size_t t = lk_tile_begin(tile, input->tiles, input->tokens);
        size_t n = lk_tile_begin(tile + 1, input->tiles, input->tokens) - t;
        emit_integer_tile(op, row, rows, units, input->first + t, n,
                          sums + tile * VEC_LANES * INTEGER_TOKENS * INTEGER_ROWS);
    }
}
