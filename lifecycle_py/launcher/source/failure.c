/* How the launcher gives up: a message that says what, why and what to do, and the spec's exit code. */
#include "failure.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

_Noreturn void fail(ExitCode code, const char *advice, const char *what, ...)
{
    va_list arguments;
    va_start(arguments, what);
    fputs("ERROR: failed to launch: ", stderr);
    vfprintf(stderr, what, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    if (advice != NULL)
        fprintf(stderr, "%s\n", advice);
    _Exit(code);
}

void warn(const char *text, ...)
{
    va_list arguments;
    va_start(arguments, text);
    fputs("Warning: ", stderr);
    vfprintf(stderr, text, arguments);
    va_end(arguments);
    fputc('\n', stderr);
}
