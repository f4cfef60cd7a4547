// 2D register blocking, BM=BN=64, BK=8, TM=TN=4
template <int BM, int BN, int BK, int TM, int TN>
__global__ void sgemm2d(int M, int N, int K, float alpha, const float *A, const float *B, float beta, float *C) {
    __shared__ float As[BM * BK];
    __shared__ float Bs[BK * BN];
    const int threads = (BM * BN) / (TM * TN);
    const int tcol = threadIdx.x % (BN / TN), trow = threadIdx.x / (BN / TN);
    A += blockIdx.y * BM * K; B += blockIdx.x * BN; C += blockIdx.y * BM * N + blockIdx.x * BN;
    const int arow = threadIdx.x / BK, acol = threadIdx.x % BK, astride = threads / BK;
    const int brow = threadIdx.x / BN, bcol = threadIdx.x % BN, bstride = threads / BN;
    float acc[TM * TN] = {0.0f};
    float rm[TM], rn[TN];
    for (int bk = 0; bk < K; bk += BK) {
        for (int o = 0; o < BM; o += astride) As[(arow + o) * BK + acol] = A[(arow + o) * K + acol];
        for (int o = 0; o < BK; o += bstride) Bs[(brow + o) * BN + bcol] = B[(brow + o) * N + bcol];
        __syncthreads();
        A += BK; B += BK * N;
        for (int d = 0; d < BK; ++d) {
            for (int i = 0; i < TM; ++i) rm[i] = As[(trow * TM + i) * BK + d];
            for (int i = 0; i < TN; ++i) rn[i] = Bs[d * BN + tcol * TN + i];
            for (int i = 0; i < TM; ++i)
                for (int j = 0; j < TN; ++j) acc[i * TN + j] += rm[i] * rn[j];
        }
        __syncthreads();
    }
    for (int i = 0; i < TM; ++i)
        for (int j = 0; j < TN; ++j) {
            int at = (trow * TM + i) * N + tcol * TN + j;
            C[at] = alpha * acc[i * TN + j] + beta * C[at];
        }
}
void run(int M, int N, int K, float alpha, const float *A, const float *B, float beta, float *C) {
    dim3 grid(N / 64, M / 64);
    sgemm2d<64, 64, 8, 4, 4><<<grid, 256>>>(M, N, K, alpha, A, B, beta, C);
}
