/* The environment of the process to be: what the platform gave, minus what is the launcher's own. */
#ifndef OFFRAMP_LAUNCHER_ENVIRONMENT_H
#define OFFRAMP_LAUNCHER_ENVIRONMENT_H

#include <stdbool.h>

#include "metadata.h"
#include "text.h"

/* "NAME=value" lines, each name once, ready for execve. Values are bytes of any encoding. */
typedef struct {
    Strings lines;
} Environment;

Environment platform_environment(char *const *lines);

const char *environment_get(const Environment *environment, const char *name); /* "" when unset */
void environment_set(Environment *environment, const char *name, const char *value);
bool is_variable_name(const char *name);

/* layer_environment.c: what the layers of one buildpack add for a process type ("" for none). */
void add_layer_environment(Environment *environment, const Buildpack *buildpack, const char *process_type);

#endif
