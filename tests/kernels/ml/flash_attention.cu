__global__ void flash_fwd(const float *Q, const float *K, const float *V, const int N, const int d, const int Tc, const int Tr,
        const int Bc, const int Br, const float scale, float *l, float *m, float *O) {
    int tx = threadIdx.x, bx = blockIdx.x, by = blockIdx.y;
    int qkv = (bx * gridDim.y * N * d) + (by * N * d);
    int lm = (bx * gridDim.y * N) + (by * N);
    extern __shared__ float sram[];
    int tile = Bc * d;
    float *Qi = sram, *Kj = &sram[tile], *Vj = &sram[tile * 2], *S = &sram[tile * 3];
    for (int j = 0; j < Tc; j++) {
        for (int x = 0; x < d; x++) {
            Kj[tx * d + x] = K[qkv + tile * j + tx * d + x];
            Vj[tx * d + x] = V[qkv + tile * j + tx * d + x];
        }
        __syncthreads();
        for (int i = 0; i < Tr; i++) {
            for (int x = 0; x < d; x++) Qi[tx * d + x] = Q[qkv + tile * i + tx * d + x];
            float mp = m[lm + Br * i + tx], lp = l[lm + Br * i + tx];
            float rm = -INFINITY;
            for (int y = 0; y < Bc; y++) {
                float s = 0;
                for (int x = 0; x < d; x++) s += Qi[tx * d + x] * Kj[y * d + x];
                s *= scale;
                S[Bc * tx + y] = s;
                if (s > rm) rm = s;
            }
            float rl = 0;
            for (int y = 0; y < Bc; y++) { S[Bc * tx + y] = __expf(S[Bc * tx + y] - rm); rl += S[Bc * tx + y]; }
            float mn = max(mp, rm), ln = __expf(mp - mn) * lp + __expf(rm - mn) * rl;
            for (int x = 0; x < d; x++) {
                float pv = 0;
                for (int y = 0; y < Bc; y++) pv += S[Bc * tx + y] * Vj[y * d + x];
                O[qkv + tile * i + tx * d + x] = (1 / ln) * ((lp * __expf(mp - mn) * O[qkv + tile * i + tx * d + x]) + (__expf(rm - mn) * pv));
            }
            m[lm + Br * i + tx] = mn;
            l[lm + Br * i + tx] = ln;
        }
        __syncthreads();
    }
}
void forward(const float *Q, const float *K, const float *V, float *O, float *l, float *m, int B, int nh, int N) {
    const int Bc = 32, Br = 32, d = 32;
    const int Tc = (N + Bc - 1) / Bc, Tr = (N + Br - 1) / Br;
    const float scale = 1.0f / sqrtf(d);
    const int smem = (3 * Bc * d * sizeof(float)) + (Bc * Br * sizeof(float));
    dim3 grid(B, nh), block(Bc);
    flash_fwd<<<grid, block, smem>>>(Q, K, V, N, d, Tc, Tr, Bc, Br, scale, l, m, O);
}
