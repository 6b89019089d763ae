/* Programs of buildpacks that compute environment variables just before the launch. */
#ifndef OFFRAMP_LAUNCHER_EXEC_D_H
#define OFFRAMP_LAUNCHER_EXEC_D_H

#include "environment.h"

/* Run one after the other in the current directory; each sees what those before it have set. */
void run_exec_d(const Strings *programs, Environment *environment);

#endif
