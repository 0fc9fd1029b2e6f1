// Elementwise kernels over the vector operations of one instruction set; included once by each kernels_<isa>.c.
// An element's value does not depend on its place: tails use the same operations on fewer lanes.

// e^x to about 2 ulp, with the right limits: 0 below -104 (including -inf), inf above 88.8, NaN stays NaN.
static INLINE vec vec_exp(vec x) {
    // The clamped value comes second: minimum and maximum return their second operand when one is NaN.
    x = vec_min(vec_set(89), vec_max(vec_set(-104), x));
    // x = n ln 2 + r with |r| <= ln 2 / 2; ln 2 is split so that n times its first part is exact.
    vec n = vec_round(vec_mul(x, vec_set(0x1.715476p+0f)));
    vec r = vec_fma(n, vec_set(-0x1.62e4p-1f), x);
    r = vec_fma(n, vec_set(-0x1.7f7d1cp-20f), r);
    // Taylor coefficients up to r^7 / 7!: the first term left out is below 2^-27 for |r| <= 0.35.
    vec p = vec_set(1.0f / 5040);
    p = vec_fma(p, r, vec_set(1.0f / 720));
    p = vec_fma(p, r, vec_set(1.0f / 120));
    p = vec_fma(p, r, vec_set(1.0f / 24));
    p = vec_fma(p, r, vec_set(1.0f / 6));
    p = vec_fma(p, r, vec_set(0.5f));
    p = vec_fma(p, r, vec_set(1));
    p = vec_fma(p, r, vec_set(1));
    // 2^n in two factors, since n reaches from -150 to 128 and a float's exponent does not.
    vec half = vec_round(vec_mul(n, vec_set(0.5f)));
    return vec_mul(vec_mul(p, vec_power_of_2(half)), vec_power_of_2(vec_sub(n, half)));
}

// x / (1 + e^-x). Below -104 the result is 0 in float32; the bound keeps -inf / inf out.
static INLINE vec vec_silu(vec x) {
    x = vec_max(vec_set(-104), x);
    return vec_div(x, vec_add(vec_set(1), vec_exp(vec_sub(vec_zero(), x))));
}

static void silu_multiply(float *gate, const float *up, size_t n) {
    size_t i = 0;
    for (; i + VEC_LANES <= n; i += VEC_LANES) {
        vec_store(gate + i, vec_mul(vec_silu(vec_load(gate + i)), vec_load(up + i)));
    }
    if (i < n) vec_store_n(gate + i, vec_mul(vec_silu(vec_load_n(gate + i, n - i)), vec_load_n(up + i, n - i)), n - i);
}

static void rms_norm(const float *x, const float *weight, float epsilon, float *out, size_t dim) {
    vec squares = vec_zero();
    size_t d = 0;
    for (; d + VEC_LANES <= dim; d += VEC_LANES) squares = vec_fma(vec_load(x + d), vec_load(x + d), squares);
    if (d < dim) squares = vec_fma(vec_load_n(x + d, dim - d), vec_load_n(x + d, dim - d), squares);
    vec scale = vec_set(1 / sqrtf(vec_sum(squares) / (float)dim + epsilon));
    for (d = 0; d + VEC_LANES <= dim; d += VEC_LANES) {
        vec_store(out + d, vec_mul(vec_mul(vec_load(x + d), scale), vec_load(weight + d)));
    }
    if (d < dim) {
        size_t n = dim - d;
        vec_store_n(out + d, vec_mul(vec_mul(vec_load_n(x + d, n), scale), vec_load_n(weight + d, n)), n);
    }
}

static double log_sum_exp(const float *x, size_t n) {
    float greatest = -INFINITY;
    for (size_t i = 0; i < n; i++) greatest = x[i] > greatest ? x[i] : greatest;
    if (isinf(greatest)) return (double)greatest;
    double sums[VEC_LANES] = {0};
    for (size_t i = 0; i < n; i += VEC_LANES) {
        size_t lanes = lk_min(VEC_LANES, n - i);
        float terms[VEC_LANES];
        vec_store(terms, vec_exp(vec_sub(vec_load_n(x + i, lanes), vec_set(greatest))));
        for (size_t lane = 0; lane < lanes; lane++) sums[lane] += (double)terms[lane];
    }
    double sum = 0;
    for (size_t lane = 0; lane < VEC_LANES; lane++) sum += sums[lane];
    return (double)greatest + log(sum);
}
