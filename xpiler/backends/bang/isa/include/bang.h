// BANG C as a host compiler can run it: each intrinsic is a function whose body is its meaning, with its requirements as
// checks. `-D__BANG_ARCH__=372` chooses the architecture.
#pragma once

#include <cstdarg>

#include "bang/arithmetic.h"
#include "bang/atomic.h"
#include "bang/compare.h"
#include "bang/convert.h"
#include "bang/core.h"
#include "bang/function.h"
#include "bang/logic.h"
#include "bang/matrix.h"
#include "bang/memory.h"
#include "bang/reduce.h"
#include "bang/tasks.h"

/// Print from a task; at most 16 values.
/// @group debug
#define __bang_printf(...) std::printf(__VA_ARGS__)
