// needs: lane shfl wmma
// wmma fragments of 16 x 16 x 16 (halves, bfloat16, signed bytes) on the matrix cores of CDNA.
//
// v_mfma_*_16x16x16 belongs to a wavefront: lane l of 64 gives A[l % 16][4 (l / 16) + e] and B[4 (l / 16) + e][l % 16], e = 0..3,
// and holds C and D[4 (l / 16) + e][l % 16] (AMD's ISA manuals of CDNA 1 to 3, chapter on matrix arithmetic; AMD matrix
// instruction calculator). A warp is half a wavefront, so lane w of a warp holds what lanes w and w + 32 of the
// instruction do, and the two warps of a wavefront take turns: half of the operands come from the warp, the others
// cross over. That takes all 64 lanes: where some are elsewhere (one warp in the block, warps on different paths), the
// product is computed by shuffles. So launches and lane numbers stay as they are.
namespace wmma {
struct matrix_cores {
  // Index along K (rows of a sum) of element `i`: 0 to 15.
  __device__ static unsigned deep(unsigned i, unsigned lane) { return 8u * (i / 4u) + 4u * (lane / 16u) + i % 4u; }
};
struct by_lane_row : matrix_cores {
  __device__ static unsigned row(unsigned, unsigned lane) { return lane % 16u; }
  __device__ static unsigned col(unsigned i, unsigned lane) { return deep(i, lane); }
};
struct by_lane_col : matrix_cores {
  __device__ static unsigned row(unsigned i, unsigned lane) { return deep(i, lane); }
  __device__ static unsigned col(unsigned, unsigned lane) { return lane % 16u; }
};

// Which element types the matrix cores take: 16-bit floats of either kind, signed bytes.
template <class T> struct is_half { static constexpr bool value = false; };
template <> struct is_half<__half> { static constexpr bool value = true; };
template <class T> struct is_byte { static constexpr bool value = false; };
template <> struct is_byte<signed char> { static constexpr bool value = true; };
template <> struct is_byte<char> { static constexpr bool value = true; };
template <class T> struct on_matrix_cores { static constexpr bool value = sizeof(T) == 2 || is_byte<T>::value; };

template <class T> struct order<matrix_a, 16, 16, 16, T> : by_lane_row {};
template <class T> struct order<matrix_b, 16, 16, 16, T> : by_lane_col {};
template <class T> struct order<accumulator, 16, 16, 16, T> : by_lane_col {};

#if defined(__clang__) && defined(__HIP__)
#if defined(__gfx90a__) || defined(__gfx942__)
#define XPILER_MATRIX_CORES 2
#elif defined(__gfx908__)
#define XPILER_MATRIX_CORES 1
#else
#define XPILER_MATRIX_CORES 0
#endif
#else
#define XPILER_MATRIX_CORES 2
#endif

#if defined(__clang__) && defined(__HIP__)
typedef float float4_bits __attribute__((ext_vector_type(4)));
typedef int int4_bits __attribute__((ext_vector_type(4)));
typedef _Float16 half4_bits __attribute__((ext_vector_type(4)));
typedef short short4_bits __attribute__((ext_vector_type(4)));
template <class V> __device__ __forceinline__ V as_vector(const int *words) {
  V result;
  __builtin_memcpy(&result, words, sizeof result);
  return result;
}
#endif

// One instruction for the wavefront: `sum` += A B, operands as words of a lane.
template <class T> struct mfma {
  __device__ __forceinline__ static void run(const int (&a)[2], const int (&b)[2], float (&sum)[4]) {
#if defined(__clang__) && defined(__HIP__)
    float4_bits d = {sum[0], sum[1], sum[2], sum[3]};
#if XPILER_MATRIX_CORES >= 1
    if constexpr (is_half<T>::value)
      d = __builtin_amdgcn_mfma_f32_16x16x16f16(as_vector<half4_bits>(a), as_vector<half4_bits>(b), d, 0, 0, 0);
#endif
#if XPILER_MATRIX_CORES >= 2
    if constexpr (!is_half<T>::value)
      d = __builtin_amdgcn_mfma_f32_16x16x16bf16_1k(as_vector<short4_bits>(a), as_vector<short4_bits>(b), d, 0, 0, 0);
#endif
    for (int e = 0; e < 4; ++e) sum[e] = d[e];
#else
    model(a, b, sum);
#endif
  }
  __device__ __forceinline__ static void run(const int (&a)[1], const int (&b)[1], int (&sum)[4]) {
#if defined(__clang__) && defined(__HIP__)
    int4_bits d = {sum[0], sum[1], sum[2], sum[3]};
#if defined(__gfx942__)
    // The shape with K = 32: the upper half of K is nothing.
    d = __builtin_amdgcn_mfma_i32_16x16x32_i8(static_cast<unsigned>(a[0]), static_cast<unsigned>(b[0]), d, 0, 0, 0);
#elif XPILER_MATRIX_CORES >= 1
    d = __builtin_amdgcn_mfma_i32_16x16x16i8(a[0], b[0], d, 0, 0, 0);
#endif
    for (int e = 0; e < 4; ++e) sum[e] = d[e];
#else
    model(a, b, sum);
#endif
  }
#if !(defined(__clang__) && defined(__HIP__))
  // The instruction as the manuals state it, over the lanes of a wavefront.
  template <int W, class S> static void model(const int (&a)[W], const int (&b)[W], S (&sum)[4]) {
    const unsigned lane = __lane_id();
    for (unsigned k = 0; k < 16; ++k) {
      T pa[4], pb[4];
      int other[W];
      for (int w = 0; w < W; ++w) other[w] = __shfl(b[w], static_cast<int>(lane % 16u + 16u * (k / 4u)), 64);
      __builtin_memcpy(static_cast<void *>(pb), other, sizeof other);
      for (unsigned e = 0; e < 4; ++e) {
        for (int w = 0; w < W; ++w) other[w] = __shfl(a[w], static_cast<int>(4u * (lane / 16u) + e + 16u * (k / 4u)), 64);
        __builtin_memcpy(static_cast<void *>(pa), other, sizeof other);
        sum[e] += static_cast<S>(pa[k % 4u]) * static_cast<S>(pb[k % 4u]);
      }
    }
  }
#endif
};

__device__ __forceinline__ bool whole_wavefront() {
#if defined(__clang__) && defined(__HIP__)
  return XPILER_MATRIX_CORES && __builtin_amdgcn_read_exec() == ~0ull;
#else
  return warpSize == 64 && static_cast<unsigned long long>(__ballot(1)) == ~0ull;
#endif
}

template <class T, class S> __device__ __forceinline__ T crossed(T value) {
  S words;
  __builtin_memcpy(&words, &value, sizeof value);
  words = __shfl_xor(words, 32, 64);
  __builtin_memcpy(static_cast<void *>(&value), &words, sizeof value);
  return value;
}

// The product of one warp of the wavefront (0: lanes 0 to 31), by all 64 lanes.
template <class T, class S, class FA, class FB>
__device__ __forceinline__ void wavefront_product(unsigned warp, S (&sum)[8], const FA &a, const FB &b) {
  constexpr int words = sizeof(T);  // of four elements
  const bool upper = __lane_id() >= 32u, mine = upper == (warp == 1u);
  int la[words], lb[words];
  S part[4];
  for (int w = 0; w < words; ++w) {
    int own[2][2];
    __builtin_memcpy(&own[0][0], reinterpret_cast<const char *>(a.x) + 4 * w, 4);
    __builtin_memcpy(&own[0][1], reinterpret_cast<const char *>(a.x) + 4 * (words + w), 4);
    __builtin_memcpy(&own[1][0], reinterpret_cast<const char *>(b.x) + 4 * w, 4);
    __builtin_memcpy(&own[1][1], reinterpret_cast<const char *>(b.x) + 4 * (words + w), 4);
    const int far_a = __shfl_xor(own[0][1u - warp], 32, 64), far_b = __shfl_xor(own[1][1u - warp], 32, 64);
    la[w] = mine ? own[0][warp] : far_a;
    lb[w] = mine ? own[1][warp] : far_b;
  }
  for (int e = 0; e < 4; ++e) {
    const S far = crossed<S, int>(sum[4u * (1u - warp) + e]);
    part[e] = mine ? sum[4u * warp + e] : far;
  }
  mfma<T>::run(la, lb, part);
  for (int e = 0; e < 4; ++e) {
    const S far = crossed<S, int>(part[e]);
    if (mine) {
      sum[4u * warp + e] = part[e];
      sum[4u * (1u - warp) + e] = far;
    }
  }
}

template <class T, class S> struct matrix_product {
  template <class FA, class FB> __device__ __forceinline__ static void add(S (&sum)[8], const FA &a, const FB &b) {
    if constexpr (on_matrix_cores<T>::value && (is_half<T>::value || is_byte<T>::value || XPILER_MATRIX_CORES >= 2)) {
      if (whole_wavefront()) {
        wavefront_product<T>(0, sum, a, b);
        wavefront_product<T>(1, sum, a, b);
        return;
      }
    }
    const unsigned lane = lane_id();
    for (unsigned k = 0; k < 16u; ++k) {
      const int from = static_cast<int>(16u * (k / 4u % 2u)), i = static_cast<int>(4u * (k / 8u) + k % 4u);
      const S right = shfl(widen<S>(b.x[i]), from + static_cast<int>(lane % 16u));
      for (unsigned e = 0; e < 8u; ++e)
        sum[e] += shfl(widen<S>(a.x[i]), from + static_cast<int>(by_lane_col::row(e, lane))) * right;
    }
  }
};
template <class T, class S> struct product<16, 16, 16, T, T, S> : matrix_product<T, S> {};
}  // namespace wmma
