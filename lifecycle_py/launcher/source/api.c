/* The versions of the Platform and Buildpack API that this launcher speaks. */
#include "api.h"

#include <ctype.h>
#include <stddef.h>

enum { LONGEST_MINOR = 4 }; /* digits; keeps the sum below from overflowing */

int api_minor(const char *version)
{
    if (version[0] != '0' || version[1] != '.' || version[2] == '\0')
        return -1;
    int minor = 0;
    for (size_t i = 2; version[i] != '\0'; i++) {
        if (!isdigit((unsigned char)version[i]) || i >= 2 + LONGEST_MINOR)
            return -1;
        minor = minor * 10 + (version[i] - '0');
    }
    return minor;
}

bool supports_platform_api(int minor)
{
    return minor >= 7 && minor <= 15;
}

bool supports_buildpack_api(int minor)
{
    return minor >= 7 && minor <= 12;
}
