/* Reading files and directories; absent is an answer, unreadable is a failure. */
#ifndef OFFRAMP_LAUNCHER_FILES_H
#define OFFRAMP_LAUNCHER_FILES_H

#include <stdbool.h>

#include "text.h"

/* Largest file or exec.d output that is read: far above what Linux lets into an environment (about 2 MiB). */
enum { MAX_READ_BYTES = 4 * 1024 * 1024 };

/* Read to the end. False with errno set when that fails; EFBIG beyond MAX_READ_BYTES. */
bool read_descriptor(int descriptor, Text *content);
bool read_file(const char *path, Text *content);

/* Paths (directory/name) in byte order of name. An absent directory is empty; an unreadable one ends the launch. */
Strings subdirectories(const char *directory);    /* real directories: a link to one does not count */
Strings files_in(const char *directory);          /* everything that is not, or does not lead to, a directory */

bool is_directory(const char *path); /* follows links */
const char *absolute_path(const char *path);

#endif
