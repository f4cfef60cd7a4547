#define TPB 64
__device__ inline float iou(const float *a, const float *b) {
    float l = fmaxf(a[0], b[0]), r = fminf(a[2], b[2]), t = fmaxf(a[1], b[1]), d = fminf(a[3], b[3]);
    float w = fmaxf(r - l, 0.f), h = fmaxf(d - t, 0.f), in = w * h;
    float sa = (a[2] - a[0]) * (a[3] - a[1]), sb = (b[2] - b[0]) * (b[3] - b[1]);
    return in / (sa + sb - in);
}
__global__ void nms_kernel(int n, float thr, const float *boxes, unsigned long long *mask) {
    const int rs = blockIdx.y, cs = blockIdx.x;
    const int rsize = min(n - rs * TPB, TPB), csize = min(n - cs * TPB, TPB);
    __shared__ float bb[TPB * 4];
    if (threadIdx.x < csize)
        for (int k = 0; k < 4; k++) bb[threadIdx.x * 4 + k] = boxes[(TPB * cs + threadIdx.x) * 4 + k];
    __syncthreads();
    if (threadIdx.x < rsize) {
        const int cur = TPB * rs + threadIdx.x;
        const float *cb = boxes + cur * 4;
        unsigned long long t = 0;
        int start = rs == cs ? threadIdx.x + 1 : 0;
        for (int i = start; i < csize; i++) if (iou(cb, bb + i * 4) > thr) t |= 1ULL << i;
        const int blocks = (n + TPB - 1) / TPB;
        mask[cur * blocks + cs] = t;
    }
}
void nms(int n, float thr, const float *boxes, unsigned long long *mask) {
    int b = (n + TPB - 1) / TPB;
    nms_kernel<<<dim3(b, b), TPB>>>(n, thr, boxes, mask);
}
