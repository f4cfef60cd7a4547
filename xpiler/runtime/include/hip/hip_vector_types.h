#pragma once
#include "xpiler/prelude.h"
#include "xpiler/hip_names.h"
