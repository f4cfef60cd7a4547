__global__ void upsample_bilinear(const float *in, float *out, int C, int H, int W, int OH, int OW, bool align) {
    int ox = blockIdx.x * blockDim.x + threadIdx.x, oy = blockIdx.y * blockDim.y + threadIdx.y;
    if (ox >= OW || oy >= OH) return;
    float sy = align ? (OH > 1 ? (float)(H - 1) / (OH - 1) : 0.f) : (float)H / OH;
    float sx = align ? (OW > 1 ? (float)(W - 1) / (OW - 1) : 0.f) : (float)W / OW;
    float fy = align ? sy * oy : fmaxf(sy * (oy + 0.5f) - 0.5f, 0.f);
    float fx = align ? sx * ox : fmaxf(sx * (ox + 0.5f) - 0.5f, 0.f);
    int y0 = (int)fy, x0 = (int)fx;
    int y1 = y0 < H - 1 ? y0 + 1 : y0, x1 = x0 < W - 1 ? x0 + 1 : x0;
    float ly = fy - y0, lx = fx - x0;
    for (int c = 0; c < C; c++) {
        const float *p = in + c * H * W;
        float v = (1 - ly) * ((1 - lx) * p[y0 * W + x0] + lx * p[y0 * W + x1]) + ly * ((1 - lx) * p[y1 * W + x0] + lx * p[y1 * W + x1]);
        out[(c * OH + oy) * OW + ox] = v;
    }
}
void upsample(const float *in, float *out, int C, int H, int W, int OH, int OW, bool align) {
    dim3 b(16, 16), g((OW + 15) / 16, (OH + 15) / 16);
    upsample_bilinear<<<g, b>>>(in, out, C, H, W, OH, OW, align);
}
