#pragma once
#include "xpiler/prelude.h"
