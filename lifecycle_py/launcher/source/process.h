/* Which process to start, and with which arguments. */
#ifndef OFFRAMP_LAUNCHER_PROCESS_H
#define OFFRAMP_LAUNCHER_PROCESS_H

#include "metadata.h"

typedef struct {
    int platform_api;     /* the minor of Platform API 0.<minor> */
    const char *exec_env; /* production, test, development, … */
    const char *self;     /* argv[0] */
    Strings user_args;    /* the rest of argv */
} Request;

/* The process with its final command: one program in `command`, all its arguments in `args`. */
Process choose_process(const Metadata *metadata, const Request *request);

#endif
