/* What <layers>/config/metadata.toml says about the image: its buildpacks and its processes. */
#include "metadata.h"

#include <errno.h>
#include <string.h>

#include "api.h"
#include "failure.h"
#include "files.h"
#include "toml.h"

static const char REBUILD[] = "The file is written when the image is built: build the image again.";

static void expect(bool holds, const char *key, const char *kind)
{
    if (!holds)
        fail(EXIT_LAUNCH, REBUILD, "metadata.toml: '%s' must be %s", key, kind);
}

static const char *as_string(const TomlValue *value, const char *key)
{
    expect(value->kind == TOML_STRING && !text_has_nul(value->text), key, "a string without NUL");
    return value->text.bytes;
}

static const char *string_member(const TomlValue *table, const char *key)
{
    const TomlValue *value = toml_get(table, key);
    return value == NULL ? NULL : as_string(value, key);
}

static Strings strings_member(const TomlValue *table, const char *key)
{
    Strings strings = {0};
    const TomlValue *value = toml_get(table, key);
    if (value == NULL)
        return strings;
    expect(value->kind == TOML_ARRAY, key, "a list of strings");
    for (const TomlValue *element = value->first_child; element != NULL; element = element->next)
        strings_add(&strings, as_string(element, key));
    return strings;
}

static bool boolean_member(const TomlValue *table, const char *key)
{
    const TomlValue *value = toml_get(table, key);
    expect(value == NULL || value->kind == TOML_BOOLEAN, key, "true or false");
    return value != NULL && value->truth;
}

/* Before Platform API 0.10 a lifecycle wrote the command as one string. */
static Strings command_member(const TomlValue *table)
{
    const TomlValue *value = toml_get(table, "command");
    if (value == NULL || value->kind != TOML_STRING)
        return strings_member(table, "command");
    Strings command = {0};
    strings_add(&command, as_string(value, "command"));
    return command;
}

/* Each buildpack owns the directory named after its ID, with "/" written as "_". */
static Strings find_layers(const char *layers_dir, const char *buildpack_id)
{
    const char *directory = format("%s/%s", layers_dir, buildpack_id);
    char *escaped = allocate(strlen(directory) + 1);
    strcpy(escaped, directory);
    for (char *at = escaped + strlen(layers_dir) + 1; *at != '\0'; at++)
        if (*at == '/')
            *at = '_';
    return subdirectories(escaped);
}

static Buildpack to_buildpack(const TomlValue *table, const char *layers_dir)
{
    const char *id = string_member(table, "id");
    const char *api = string_member(table, "api");
    expect(id != NULL && id[0] != '\0', "buildpacks.id", "set");
    int minor = api == NULL ? -1 : api_minor(api);
    if (!supports_buildpack_api(minor))
        fail(EXIT_BUILDPACK_API, "Build the image again with a newer version of this buildpack.",
             "buildpack '%s' implements Buildpack API %s; this launcher supports " BUILDPACK_APIS, id,
             api == NULL ? "(none given)" : api);
    return (Buildpack){.id = id, .api = minor, .layers = find_layers(layers_dir, id)};
}

static Process to_process(const TomlValue *table)
{
    Process process = {
        .type = string_member(table, "type"),
        .buildpack_id = string_member(table, "buildpack-id"),
        .command = command_member(table),
        .args = strings_member(table, "args"),
        .exec_env = strings_member(table, "exec-env"),
        .working_dir = string_member(table, "working-dir"),
        .direct = boolean_member(table, "direct"),
    };
    expect(process.type != NULL, "processes.type", "set");
    expect(process.command.count > 0, "processes.command", "a string or a list with at least one entry");
    if (process.working_dir != NULL && process.working_dir[0] == '\0')
        process.working_dir = NULL;
    return process;
}

/* The tables in an array of tables, counted; none when the key is absent. */
static const TomlValue *tables_member(const TomlValue *root, const char *key, size_t *count)
{
    const TomlValue *array = toml_get(root, key);
    *count = 0;
    if (array == NULL)
        return NULL;
    expect(array->kind == TOML_ARRAY, key, "a list of tables");
    for (const TomlValue *element = array->first_child; element != NULL; element = element->next, ++*count)
        expect(element->kind == TOML_TABLE, key, "a list of tables");
    return array->first_child;
}

static TomlValue *parse_metadata_file(const char *path)
{
    Text source;
    TomlError error;
    if (!read_file(path, &source))
        fail(EXIT_LAUNCH, "Was the image made by a buildpack lifecycle, and is CNB_LAYERS_DIR its layers directory?",
             "cannot read '%s': %s", path, strerror(errno));
    TomlValue *root = toml_parse(source, &error);
    if (root == NULL)
        fail(EXIT_LAUNCH, REBUILD, "'%s' is not valid TOML: line %zu: %s", path, error.line, error.message);
    return root;
}

Metadata read_metadata(const char *layers_dir)
{
    const TomlValue *root = parse_metadata_file(format("%s/config/metadata.toml", layers_dir));
    Metadata metadata = {0};

    const TomlValue *table = tables_member(root, "buildpacks", &metadata.buildpack_count);
    metadata.buildpacks = allocate(metadata.buildpack_count * sizeof *metadata.buildpacks);
    for (size_t i = 0; table != NULL; table = table->next)
        metadata.buildpacks[i++] = to_buildpack(table, layers_dir);

    table = tables_member(root, "processes", &metadata.process_count);
    metadata.processes = allocate(metadata.process_count * sizeof *metadata.processes);
    for (size_t i = 0; table != NULL; table = table->next)
        metadata.processes[i++] = to_process(table);
    return metadata;
}
