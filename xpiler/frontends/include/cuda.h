#pragma once
#include "xp_parse.h"
#include "../../runtime/include/xpiler/driver.h"
