/* What <layers>/config/metadata.toml says about the image: its buildpacks and its processes. */
#ifndef OFFRAMP_LAUNCHER_METADATA_H
#define OFFRAMP_LAUNCHER_METADATA_H

#include <stdbool.h>
#include <stddef.h>

#include "text.h"

typedef struct {
    const char *id;
    int api;        /* the minor of Buildpack API 0.<minor> */
    Strings layers; /* absolute paths of its launch layers, in order of name */
} Buildpack;

typedef struct {
    const char *type; /* "" for a command given by the user */
    const char *buildpack_id;
    Strings command; /* the program, then arguments that always apply */
    Strings args;    /* arguments that a user may be able to replace */
    Strings exec_env;
    const char *working_dir; /* NULL: the app directory */
    bool direct;             /* false: bash runs it, after the profile scripts */
} Process;

typedef struct {
    Buildpack *buildpacks; /* in the order of their builds */
    size_t buildpack_count;
    Process *processes;
    size_t process_count;
} Metadata;

Metadata read_metadata(const char *layers_dir);

#endif
