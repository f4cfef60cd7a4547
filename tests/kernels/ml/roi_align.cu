__device__ float bil(const float *d, int h, int w, float y, float x) {
    if (y < -1.f || y > h || x < -1.f || x > w) return 0.f;
    y = y <= 0 ? 0 : y; x = x <= 0 ? 0 : x;
    int yl = (int)y, xl = (int)x, yh, xh;
    if (yl >= h - 1) { yh = yl = h - 1; y = (float)yl; } else yh = yl + 1;
    if (xl >= w - 1) { xh = xl = w - 1; x = (float)xl; } else xh = xl + 1;
    float ly = y - yl, lx = x - xl, hy = 1.f - ly, hx = 1.f - lx;
    return hy * hx * d[yl * w + xl] + hy * lx * d[yl * w + xh] + ly * hx * d[yh * w + xl] + ly * lx * d[yh * w + xh];
}
__global__ void roi_align(const float *feat, const float *rois, float *out, int nrois, int C, int H, int W, int PH, int PW, float scale, int samples) {
    for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < nrois * C * PH * PW; i += blockDim.x * gridDim.x) {
        int pw = i % PW, ph = (i / PW) % PH, c = (i / PW / PH) % C, n = i / PW / PH / C;
        const float *r = rois + n * 4;
        float x1 = r[0] * scale, y1 = r[1] * scale;
        float rw = fmaxf(r[2] * scale - x1, 1.f), rh = fmaxf(r[3] * scale - y1, 1.f);
        float bh = rh / PH, bw = rw / PW, acc = 0.f;
        for (int a = 0; a < samples; a++) {
            float y = y1 + ph * bh + (a + 0.5f) * bh / samples;
            for (int b = 0; b < samples; b++) acc += bil(feat + c * H * W, H, W, y, x1 + pw * bw + (b + 0.5f) * bw / samples);
        }
        out[i] = acc / (samples * samples);
    }
}
void roi(const float *feat, const float *rois, float *out, int nrois, int C, int H, int W, int PH, int PW) {
    int n = nrois * C * PH * PW;
    roi_align<<<(n + 255) / 256, 256>>>(feat, rois, out, nrois, C, H, W, PH, PW, 0.25f, 2);
}
