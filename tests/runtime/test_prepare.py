from xpiler.frontends.prepare import prepare


def test_a_launch_becomes_a_call_on_the_same_lines():
    source = (
        "void f() {\n  k<float><<<g, 256,\n     0, s>>>(a, 0, n++,\n     NULL);\n  after();\n}\n"
    )
    text = prepare(source)
    assert text.count("\n") == source.count("\n")
    assert text.splitlines()[4] == "  after();"
    assert "::xpiler::Config(g, 256, 0, s)" in text
    assert "[&](auto xp_0, auto xp_2) { k<float>(xp_0, 0, xp_2, NULL); }, a, n++)" in text


def test_launches_in_macros_keep_their_continuations():
    source = "#define L(k, ...) \\\n  k<<<g, \\\n  b>>>(__VA_ARGS__)\nint x;\n"
    text = prepare(source)
    assert text.count("\n") == source.count("\n")
    lines = text.splitlines()
    assert lines[-1] == "int x;"
    assert all(line.endswith("\\") for line in lines[:2])


def test_shared_memory_by_reference():
    text = prepare(
        "__global__ void k() { __shared__ volatile float *a[4], b; extern __shared__ int d[]; }"
    )
    assert "typedef volatile float *xp_type_a[4];" in text
    assert "::xpiler::shared<xp_type_b>(xp_slot_b)" in text
    assert (
        "xp_type_d (&d)[] = *reinterpret_cast<xp_type_d (*)[]>(::xpiler::dynamic<xp_type_d>());"
        in text
    )


def test_what_is_no_cuda_stays_byte_for_byte():
    source = '// k<<<1, 2>>>(3)\nint a = 1 << 3; const char *s = "__shared__ int x;";\n'
    assert prepare(source) == source


def test_cast_kernels_are_passed_as_functions():
    assert "cudaLaunchKernel(k, g" in prepare(
        "void f() { cudaLaunchKernel((const void *)k, g, b, a, 0, 0); }"
    )
    assert "cudaLaunchCooperativeKernel(k, g" in prepare(
        "void f() { cudaLaunchCooperativeKernel((void*)k, g, b, a); }"
    )


def test_barriers_written_as_ptx():
    text = prepare(
        '__global__ void k() { asm volatile("bar.sync 0;"); asm("bar.warp.sync 0xff;"); }'
    )
    assert "{ __syncthreads(); __syncwarp(0xff); }" in text


def test_host_assembly_stays():
    source = 'void f() { asm volatile("pause"); }'
    assert prepare(source) == source
