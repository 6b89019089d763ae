/* The exec.d programs or profile.d scripts of all layers, in the order in which they must run. */
#ifndef OFFRAMP_LAUNCHER_LAYER_FILES_H
#define OFFRAMP_LAUNCHER_LAYER_FILES_H

#include "metadata.h"

/* `directory` is "exec.d" or "profile.d"; an empty process type has no files of its own. */
Strings layer_files(const Metadata *metadata, const char *directory, const char *process_type);

#endif
