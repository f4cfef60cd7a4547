// cuRAND's device functions as plain device code: a kernel that draws numbers runs, and lifts by inlining.
//
// Numbers, order and rounding are cuRAND's, bit for bit but for logarithm, sine and cosine. XORWOW: Marsaglia, "Xorshift
// RNGs", Journal of Statistical Software 8(14), 2003. Philox: Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
// Seeding, distances of subsequences (2^67 and 2^66 numbers) and distributions: cuRAND's documentation and its results.
// Not here: MRG32k3a, MTGP32, quasirandom generators, Poisson and discrete distributions.
#pragma once

#define XP_RANDOM __device__ inline

#define CURAND_2POW32_INV 2.3283064e-10f
#define CURAND_2POW32_INV_DOUBLE 2.3283064365386963e-10
#define CURAND_2POW53_INV_DOUBLE 1.1102230246251565e-16
#define CURAND_2POW32_INV_2PI (2.3283064e-10f * 6.2831855f)

struct curandStateXORWOW {
  unsigned d, v[5];
  int boxmuller_flag, boxmuller_flag_double;  // a second number of a pair waits: 1 of a normal, 2 of a log-normal draw
  float boxmuller_extra;
  long long boxmuller_extra_double;  // the bits of a double: targets without doubles have states too
};
typedef struct curandStateXORWOW curandStateXORWOW_t;
typedef struct curandStateXORWOW curandState_t;
typedef struct curandStateXORWOW curandState;

struct curandStatePhilox4_32_10 {
  uint4 ctr, output;
  uint2 key;
  unsigned STATE;  // how many of `output` are used up
  int boxmuller_flag, boxmuller_flag_double;
  float boxmuller_extra;
  long long boxmuller_extra_double;
};
typedef struct curandStatePhilox4_32_10 curandStatePhilox4_32_10_t;

// --- XORWOW ------------------------------------------------------------------------------------

XP_RANDOM void xp_xorshift(unsigned (&v)[5]) {
  const unsigned t = v[0] ^ (v[0] >> 2);
  v[0] = v[1];
  v[1] = v[2];
  v[2] = v[3];
  v[3] = v[4];
  v[4] = (v[4] ^ (v[4] << 4)) ^ (t ^ (t << 1));
}

XP_RANDOM unsigned curand(curandStateXORWOW_t *state) {
  xp_xorshift(state->v);
  state->d += 362437u;
  return state->v[4] + state->d;
}

// a * b over GF(2), modulo the characteristic polynomial of the shift register (degree 160), bit i of word i / 32 being x^i.
XP_RANDOM void xp_xorshift_product(unsigned (&a)[5], const unsigned (&b)[5]) {
  unsigned product[5] = {0, 0, 0, 0, 0};
  for (int i = 159; i >= 0; i--) {
    const unsigned over = 0u - (product[4] >> 31);
    product[4] = (product[4] << 1 | product[3] >> 31) ^ (over & 0x00000f0eu);
    product[3] = (product[3] << 1 | product[2] >> 31) ^ (over & 0x0f3c0035u);
    product[2] = (product[2] << 1 | product[1] >> 31) ^ (over & 0x00062121u);
    product[1] = (product[1] << 1 | product[0] >> 31) ^ (over & 0x08610030u);
    product[0] = product[0] << 1 ^ (over & 0x00060001u);
    const unsigned add = 0u - (b[i / 32] >> (i % 32) & 1u);
    for (int k = 0; k < 5; k++) product[k] ^= add & a[k];
  }
  for (int k = 0; k < 5; k++) a[k] = product[k];
}

// The register after as many steps as `jump`, a power of x, tells, `times` over. No tables: x^n modulo the
// characteristic polynomial says which of the next 160 states add up to the n-th.
XP_RANDOM void xp_xorshift_jump(unsigned (&v)[5], unsigned (&jump)[5], unsigned long long times) {
  unsigned power[5] = {1, 0, 0, 0, 0};
  while (times != 0) {
    if (times & 1) xp_xorshift_product(power, jump);
    times >>= 1;
    if (times != 0) {
      unsigned same[5];
      for (int k = 0; k < 5; k++) same[k] = jump[k];
      xp_xorshift_product(jump, same);
    }
  }
  unsigned sum[5] = {0, 0, 0, 0, 0};
  for (int i = 0; i < 160; i++) {
    const unsigned add = 0u - (power[i / 32] >> (i % 32) & 1u);
    for (int k = 0; k < 5; k++) sum[k] ^= add & v[k];
    xp_xorshift(v);
  }
  for (int k = 0; k < 5; k++) v[k] = sum[k];
}

XP_RANDOM void skipahead(unsigned long long n, curandStateXORWOW_t *state) {
  unsigned one[5] = {2, 0, 0, 0, 0};  // x
  if (n != 0) xp_xorshift_jump(state->v, one, n);
  state->d += 362437u * (unsigned)n;
}

XP_RANDOM void skipahead_sequence(unsigned long long n, curandStateXORWOW_t *state) {
  unsigned far[5] = {0x26294934u, 0x77bbc248u, 0x1a87dad0u, 0x930052d4u, 0x947e6dd2u};  // x^(2^67)
  if (n != 0) xp_xorshift_jump(state->v, far, n);
}

XP_RANDOM void curand_init(unsigned long long seed, unsigned long long subsequence, unsigned long long offset,
                           curandStateXORWOW_t *state) {
  const unsigned low = 1099087573u * ((unsigned)seed ^ 0xaad26b49u);
  const unsigned high = 2591861531u * ((unsigned)(seed >> 32) ^ 0xf7dcefddu);
  state->d = 6615241u + high + low;
  state->v[0] = 123456789u + low;
  state->v[1] = 362436069u ^ low;
  state->v[2] = 521288629u + high;
  state->v[3] = 88675123u ^ high;
  state->v[4] = 5783321u + low;
  skipahead_sequence(subsequence, state);
  skipahead(offset, state);
  state->boxmuller_flag = 0;
  state->boxmuller_flag_double = 0;
  state->boxmuller_extra = 0.0f;
  state->boxmuller_extra_double = 0;
}

// --- Philox 4x32, 10 rounds --------------------------------------------------------------------

XP_RANDOM uint4 curand_Philox4x32_10(uint4 counter, uint2 key) {
  for (int round = 0; round < 10; round++) {
    const unsigned high0 = __umulhi(0xD2511F53u, counter.x), low0 = 0xD2511F53u * counter.x;
    const unsigned high1 = __umulhi(0xCD9E8D57u, counter.z), low1 = 0xCD9E8D57u * counter.z;
    counter.x = high1 ^ counter.y ^ key.x;
    counter.y = low1;
    counter.z = high0 ^ counter.w ^ key.y;
    counter.w = low0;
    key.x += 0x9E3779B9u;
    key.y += 0xBB67AE85u;
  }
  return counter;
}

// The counter of 128 bits moves by `n` blocks of four numbers.
XP_RANDOM void xp_philox_move(curandStatePhilox4_32_10_t *state, unsigned long long n) {
  const unsigned long long low = state->ctr.x | (unsigned long long)state->ctr.y << 32, moved = low + n;
  state->ctr.x = (unsigned)moved;
  state->ctr.y = (unsigned)(moved >> 32);
  if (moved < low) {
    state->ctr.z++;
    if (state->ctr.z == 0) state->ctr.w++;
  }
}

XP_RANDOM void skipahead(unsigned long long n, curandStatePhilox4_32_10_t *state) {
  unsigned long long blocks = n / 4;
  state->STATE += (unsigned)(n & 3);
  if (state->STATE > 3) {
    blocks++;
    state->STATE -= 4;
  }
  xp_philox_move(state, blocks);
  state->output = curand_Philox4x32_10(state->ctr, state->key);
}

XP_RANDOM void skipahead_sequence(unsigned long long n, curandStatePhilox4_32_10_t *state) {
  const unsigned long long high = (state->ctr.z | (unsigned long long)state->ctr.w << 32) + n;
  state->ctr.z = (unsigned)high;
  state->ctr.w = (unsigned)(high >> 32);
  state->output = curand_Philox4x32_10(state->ctr, state->key);
}

XP_RANDOM void curand_init(unsigned long long seed, unsigned long long subsequence, unsigned long long offset,
                           curandStatePhilox4_32_10_t *state) {
  state->ctr.x = 0;
  state->ctr.y = 0;
  state->ctr.z = 0;
  state->ctr.w = 0;
  state->key.x = (unsigned)seed;
  state->key.y = (unsigned)(seed >> 32);
  state->STATE = 0;
  state->boxmuller_flag = 0;
  state->boxmuller_flag_double = 0;
  state->boxmuller_extra = 0.0f;
  state->boxmuller_extra_double = 0;
  skipahead_sequence(subsequence, state);
  skipahead(offset, state);
}

XP_RANDOM unsigned curand(curandStatePhilox4_32_10_t *state) {
  unsigned number = state->output.x;
  if (state->STATE == 1) number = state->output.y;
  if (state->STATE == 2) number = state->output.z;
  if (state->STATE == 3) number = state->output.w;
  state->STATE++;
  if (state->STATE == 4) {
    xp_philox_move(state, 1);
    state->output = curand_Philox4x32_10(state->ctr, state->key);
    state->STATE = 0;
  }
  return number;
}

// The next four numbers, however many of a block are used up.
XP_RANDOM uint4 curand4(curandStatePhilox4_32_10_t *state) {
  const uint4 old = state->output;
  xp_philox_move(state, 1);
  state->output = curand_Philox4x32_10(state->ctr, state->key);
  uint4 four = old;
  if (state->STATE == 1) four = make_uint4(old.y, old.z, old.w, state->output.x);
  if (state->STATE == 2) four = make_uint4(old.z, old.w, state->output.x, state->output.y);
  if (state->STATE == 3) four = make_uint4(old.w, state->output.x, state->output.y, state->output.z);
  return four;
}

// --- from integers to distributions ------------------------------------------------------------

XP_RANDOM float _curand_uniform(unsigned x) { return x * CURAND_2POW32_INV + CURAND_2POW32_INV / 2.0f; }

XP_RANDOM double _curand_uniform_double(unsigned x) {
  return x * CURAND_2POW32_INV_DOUBLE + CURAND_2POW32_INV_DOUBLE;
}

XP_RANDOM double _curand_uniform_double_hq(unsigned x, unsigned y) {
  const unsigned long long bits = (unsigned long long)x ^ (unsigned long long)y << 21;
  return bits * CURAND_2POW53_INV_DOUBLE + CURAND_2POW53_INV_DOUBLE / 2.0;
}

XP_RANDOM float2 _curand_box_muller(unsigned x, unsigned y) {
  const float u = x * CURAND_2POW32_INV + CURAND_2POW32_INV / 2;
  const float angle = y * CURAND_2POW32_INV_2PI + CURAND_2POW32_INV_2PI / 2;
  const float radius = sqrtf(-2.0f * logf(u));
  float2 pair;
  pair.x = __sinf(angle) * radius;
  pair.y = __cosf(angle) * radius;
  return pair;
}

XP_RANDOM double2 _curand_box_muller_double(unsigned x0, unsigned x1, unsigned y0, unsigned y1) {
  const double u = _curand_uniform_double_hq(x0, x1);
  const unsigned long long bits = (unsigned long long)y0 ^ (unsigned long long)y1 << 21;
  const double turns = bits * (CURAND_2POW53_INV_DOUBLE * 2.0) + CURAND_2POW53_INV_DOUBLE;
  const double radius = sqrt(-2.0 * log(u));
  double2 pair;
  pair.x = sinpi(turns) * radius;
  pair.y = cospi(turns) * radius;
  return pair;
}

// The two numbers of a double pair: XORWOW draws four times, Philox takes a block at once.
XP_RANDOM double2 xp_double_pair(curandStateXORWOW_t *state) {
  const unsigned a = curand(state), b = curand(state), c = curand(state), d = curand(state);
  return _curand_box_muller_double(a, b, c, d);
}

XP_RANDOM double2 xp_double_pair(curandStatePhilox4_32_10_t *state) {
  const uint4 bits = curand4(state);
  return _curand_box_muller_double(bits.x, bits.y, bits.z, bits.w);
}

XP_RANDOM double curand_uniform_double(curandStateXORWOW_t *state) {
  const unsigned x = curand(state), y = curand(state);
  return _curand_uniform_double_hq(x, y);
}

XP_RANDOM double curand_uniform_double(curandStatePhilox4_32_10_t *state) {
  return _curand_uniform_double(curand(state));
}

// A pair is drawn and its second number kept for the next call.
#define XP_RANDOM_OF(STATE)                                                                            \
  XP_RANDOM float curand_uniform(STATE *state) { return _curand_uniform(curand(state)); }              \
  XP_RANDOM float2 curand_normal2(STATE *state) {                                                      \
    const unsigned x = curand(state), y = curand(state);                                               \
    return _curand_box_muller(x, y);                                                                   \
  }                                                                                                    \
  XP_RANDOM double2 curand_normal2_double(STATE *state) { return xp_double_pair(state); }              \
  XP_RANDOM float2 curand_log_normal2(STATE *state, float mean, float deviation) {                     \
    float2 pair = curand_normal2(state);                                                               \
    pair.x = expf(mean + deviation * pair.x);                                                          \
    pair.y = expf(mean + deviation * pair.y);                                                          \
    return pair;                                                                                       \
  }                                                                                                    \
  XP_RANDOM double2 curand_log_normal2_double(STATE *state, double mean, double deviation) {           \
    double2 pair = xp_double_pair(state);                                                              \
    pair.x = exp(mean + deviation * pair.x);                                                           \
    pair.y = exp(mean + deviation * pair.y);                                                           \
    return pair;                                                                                       \
  }                                                                                                    \
  XP_RANDOM float curand_normal(STATE *state) {                                                        \
    float result = state->boxmuller_extra;                                                             \
    if (state->boxmuller_flag != 1) {                                                                  \
      const float2 pair = curand_normal2(state);                                                       \
      state->boxmuller_extra = pair.y;                                                                 \
      state->boxmuller_flag = 1;                                                                       \
      result = pair.x;                                                                                 \
    } else {                                                                                           \
      state->boxmuller_flag = 0;                                                                       \
    }                                                                                                  \
    return result;                                                                                     \
  }                                                                                                    \
  XP_RANDOM double curand_normal_double(STATE *state) {                                                \
    double result = __longlong_as_double(state->boxmuller_extra_double);                               \
    if (state->boxmuller_flag_double != 1) {                                                           \
      const double2 pair = xp_double_pair(state);                                                      \
      state->boxmuller_extra_double = __double_as_longlong(pair.y);                                    \
      state->boxmuller_flag_double = 1;                                                                \
      result = pair.x;                                                                                 \
    } else {                                                                                           \
      state->boxmuller_flag_double = 0;                                                                \
    }                                                                                                  \
    return result;                                                                                     \
  }                                                                                                    \
  XP_RANDOM float curand_log_normal(STATE *state, float mean, float deviation) {                       \
    float result = state->boxmuller_extra;                                                             \
    if (state->boxmuller_flag != 2) {                                                                  \
      const float2 pair = curand_log_normal2(state, mean, deviation);                                  \
      state->boxmuller_extra = pair.y;                                                                 \
      state->boxmuller_flag = 2;                                                                       \
      result = pair.x;                                                                                 \
    } else {                                                                                           \
      state->boxmuller_flag = 0;                                                                       \
    }                                                                                                  \
    return result;                                                                                     \
  }                                                                                                    \
  XP_RANDOM double curand_log_normal_double(STATE *state, double mean, double deviation) {             \
    double result = __longlong_as_double(state->boxmuller_extra_double);                               \
    if (state->boxmuller_flag_double != 2) {                                                           \
      const double2 pair = curand_log_normal2_double(state, mean, deviation);                          \
      state->boxmuller_extra_double = __double_as_longlong(pair.y);                                    \
      state->boxmuller_flag_double = 2;                                                                \
      result = pair.x;                                                                                 \
    } else {                                                                                           \
      state->boxmuller_flag_double = 0;                                                                \
    }                                                                                                  \
    return result;                                                                                     \
  }

XP_RANDOM_OF(curandStateXORWOW_t)
XP_RANDOM_OF(curandStatePhilox4_32_10_t)
#undef XP_RANDOM_OF

// --- four at a time, Philox only ---------------------------------------------------------------

XP_RANDOM float4 curand_uniform4(curandStatePhilox4_32_10_t *state) {
  const uint4 bits = curand4(state);
  return make_float4(_curand_uniform(bits.x), _curand_uniform(bits.y), _curand_uniform(bits.z),
                     _curand_uniform(bits.w));
}

XP_RANDOM double2 curand_uniform2_double(curandStatePhilox4_32_10_t *state) {
  const uint4 bits = curand4(state);
  return make_double2(_curand_uniform_double_hq(bits.x, bits.y), _curand_uniform_double_hq(bits.z, bits.w));
}

XP_RANDOM double4 curand_uniform4_double(curandStatePhilox4_32_10_t *state) {
  const double2 first = curand_uniform2_double(state), second = curand_uniform2_double(state);
  return make_double4(first.x, first.y, second.x, second.y);
}

XP_RANDOM float4 curand_normal4(curandStatePhilox4_32_10_t *state) {
  const uint4 bits = curand4(state);
  const float2 first = _curand_box_muller(bits.x, bits.y), second = _curand_box_muller(bits.z, bits.w);
  return make_float4(first.x, first.y, second.x, second.y);
}

XP_RANDOM double4 curand_normal4_double(curandStatePhilox4_32_10_t *state) {
  const double2 first = xp_double_pair(state), second = xp_double_pair(state);
  return make_double4(first.x, first.y, second.x, second.y);
}

XP_RANDOM float4 curand_log_normal4(curandStatePhilox4_32_10_t *state, float mean, float deviation) {
  const float4 normal = curand_normal4(state);
  return make_float4(expf(mean + deviation * normal.x), expf(mean + deviation * normal.y),
                     expf(mean + deviation * normal.z), expf(mean + deviation * normal.w));
}

XP_RANDOM double4 curand_log_normal4_double(curandStatePhilox4_32_10_t *state, double mean, double deviation) {
  const double4 normal = curand_normal4_double(state);
  return make_double4(exp(mean + deviation * normal.x), exp(mean + deviation * normal.y),
                      exp(mean + deviation * normal.z), exp(mean + deviation * normal.w));
}
