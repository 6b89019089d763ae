/* The versions of the Platform and Buildpack API that this launcher speaks. */
#ifndef OFFRAMP_LAUNCHER_API_H
#define OFFRAMP_LAUNCHER_API_H

#include <stdbool.h>

#define PLATFORM_APIS "0.7 to 0.15"
#define BUILDPACK_APIS "0.7 to 0.12"

/* The minor of a version "0.<minor>", or -1. No other major version exists. */
int api_minor(const char *version);

bool supports_platform_api(int minor);
bool supports_buildpack_api(int minor);

#endif
