/* The known name that a mistyped one was probably meant to be. */
#ifndef OFFRAMP_LAUNCHER_NEAREST_H
#define OFFRAMP_LAUNCHER_NEAREST_H

#include "text.h"

/* The name that takes the fewest edits to reach, or NULL when none is near. */
const char *nearest_of(const Strings *names, const char *mistyped);

#endif
