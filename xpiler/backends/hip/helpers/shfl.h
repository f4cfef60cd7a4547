// needs:
// Shuffles of any trivially copyable type, 32 bits at a time.
template <class T, class Move> __device__ __forceinline__ T shuffle_words(T value, Move move) {
  constexpr int words = (sizeof(T) + 3) / 4;
  int buffer[words] = {};
  __builtin_memcpy(buffer, &value, sizeof(T));
  for (int i = 0; i < words; ++i) buffer[i] = move(buffer[i]);
  T result;
  __builtin_memcpy(static_cast<void *>(&result), buffer, sizeof(T));
  return result;
}
template <class T> __device__ __forceinline__ T shfl(T value, int lane, int width = 32) {
  return shuffle_words(value, [=](int word) { return __shfl(word, lane, width); });
}
template <class T> __device__ __forceinline__ T shfl_up(T value, unsigned delta, int width = 32) {
  return shuffle_words(value, [=](int word) { return __shfl_up(word, delta, width); });
}
template <class T> __device__ __forceinline__ T shfl_down(T value, unsigned delta, int width = 32) {
  return shuffle_words(value, [=](int word) { return __shfl_down(word, delta, width); });
}
template <class T> __device__ __forceinline__ T shfl_xor(T value, int lanes, int width = 32) {
  return shuffle_words(value, [=](int word) { return __shfl_xor(word, lanes, width); });
}
