// needs:
// Warps of 32 lanes on a wavefront of 32 or 64: a warp is the half of the wavefront that the lane is in.
__device__ __forceinline__ unsigned warp_shift() { return __lane_id() & 32u; }
__device__ __forceinline__ unsigned lane_id() { return __lane_id() & 31u; }
