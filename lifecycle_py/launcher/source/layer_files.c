/*
 * The exec.d programs or profile.d scripts of all layers, in the order in which they must run.
 *
 * Spec: buildpack.md, "Launch": first every layer's files, then every layer's files for the process type; each by
 * buildpack, layer name, file name. The reference lifecycle goes through the layers once and takes both kinds of
 * files from each. That shows when a later layer's general file sets what an earlier layer's file for the process type
 * has set: by the spec the one for the process type wins, which is also what an author expects of the more special one.
 * The spec's text leaves no doubt, so it is followed.
 */
#include "layer_files.h"

#include "files.h"

static void add_files(Strings *found, const Metadata *metadata, const char *subdirectory)
{
    for (size_t b = 0; b < metadata->buildpack_count; b++) {
        const Strings *layers = &metadata->buildpacks[b].layers;
        for (size_t i = 0; i < layers->count; i++) {
            Strings files = files_in(format("%s/%s", layers->items[i], subdirectory));
            strings_add_all(found, &files);
        }
    }
}

Strings layer_files(const Metadata *metadata, const char *directory, const char *process_type)
{
    Strings found = {0};
    add_files(&found, metadata, directory);
    if (process_type[0] != '\0')
        add_files(&found, metadata, format("%s/%s", directory, process_type));
    return found;
}
