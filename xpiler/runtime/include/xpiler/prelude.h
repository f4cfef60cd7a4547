// Everything a CUDA file may use without including anything; force-included before it.
#ifndef XPILER_PRELUDE_H
#define XPILER_PRELUDE_H

#include <assert.h>
#include <float.h>
#include <limits.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <new>
#include <type_traits>

#include "xpiler/engine.h"
#include "xpiler/vector_types.h"
#include "xpiler/intrinsics.h"
#include "xpiler/half.h"
#include "xpiler/device.h"
#include "xpiler/groups.h"
#include "xpiler/wmma.h"
#include "xpiler/host.h"
#include "xpiler/pools.h"
#include "xpiler/texture.h"
#include "xpiler/texture_references.h"
#include "xpiler/graph.h"
#ifdef __HIPCC__
#include "xpiler/hip_names.h"
#endif
#include "xpiler/attributes.h"

#endif
