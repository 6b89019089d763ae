/* A TOML document: its lines, its [headers] and [[arrays of tables]]. */
#include "toml.h"

#include "toml_reader.h"

static TomlValue *add_child(TomlValue *table, Text key, TomlKind kind, TomlOrigin origin)
{
    TomlValue *child = toml_new(kind, origin);
    child->key = key;
    toml_add(table, child);
    return child;
}

/* One step on the way of a header: into a table, or into the newest element of an array of tables. */
static TomlValue *step_into(TomlReader *reader, TomlValue *table, Text key)
{
    TomlValue *child = toml_find(table, key);
    if (child == NULL)
        return add_child(table, key, TOML_TABLE, TOML_IMPLIED);
    if (child->origin == TOML_COMPLETE) {
        toml_fail(reader, "header reaches into a value that is already complete");
        return NULL;
    }
    return child->kind == TOML_ARRAY ? child->last_child : child;
}

/* [table] */
static TomlValue *open_table(TomlReader *reader, TomlValue *parent, Text key)
{
    TomlValue *table = toml_find(parent, key);
    if (table == NULL)
        return add_child(parent, key, TOML_TABLE, TOML_HEADER);
    if (table->origin != TOML_IMPLIED) {
        toml_fail(reader, "table was already defined");
        return NULL;
    }
    table->origin = TOML_HEADER;
    return table;
}

/* [[array of tables]] */
static TomlValue *open_element(TomlReader *reader, TomlValue *parent, Text key)
{
    TomlValue *array = toml_find(parent, key);
    if (array == NULL)
        array = add_child(parent, key, TOML_ARRAY, TOML_HEADER);
    if (array->kind != TOML_ARRAY || array->origin != TOML_HEADER) {
        toml_fail(reader, "name of an array of tables is already taken");
        return NULL;
    }
    TomlValue *element = toml_new(TOML_TABLE, TOML_HEADER);
    toml_add(array, element);
    return element;
}

static TomlValue *read_header(TomlReader *reader, TomlValue *root)
{
    bool is_element = toml_looking_at(reader, "[[");
    toml_take(reader, is_element ? "[[" : "[");
    TomlValue *parent = root;
    Text key;
    toml_skip_blanks(reader);
    if (!toml_read_key(reader, &key))
        return NULL;
    for (toml_skip_blanks(reader); toml_take(reader, "."); toml_skip_blanks(reader)) {
        parent = step_into(reader, parent, key);
        toml_skip_blanks(reader);
        if (parent == NULL || !toml_read_key(reader, &key))
            return NULL;
    }
    if (!toml_take(reader, is_element ? "]]" : "]")) {
        toml_fail(reader, "header without its closing bracket");
        return NULL;
    }
    return is_element ? open_element(reader, parent, key) : open_table(reader, parent, key);
}

static bool finish_line(TomlReader *reader)
{
    toml_skip_blanks(reader);
    if (!toml_skip_comment(reader))
        return false;
    return reader->at == reader->end || toml_take_newline(reader)
           || toml_fail(reader, "expected the end of the line");
}

static bool read_lines(TomlReader *reader, TomlValue *root)
{
    TomlValue *table = root;
    for (;;) {
        if (!toml_skip_blank_lines(reader))
            return false;
        if (reader->at == reader->end)
            return true;
        if (toml_looking_at(reader, "[")) {
            table = read_header(reader, root);
            if (table == NULL)
                return false;
        } else if (!toml_read_pair(reader, table)) {
            return false;
        }
        if (!finish_line(reader))
            return false;
    }
}

TomlValue *toml_parse(Text source, TomlError *error)
{
    TomlReader reader = {.at = source.bytes, .end = source.bytes + source.length, .error = error, .line = 1};
    TomlValue *root = toml_new(TOML_TABLE, TOML_HEADER);
    return toml_check_utf8(&reader) && read_lines(&reader, root) ? root : NULL;
}

const TomlValue *toml_get(const TomlValue *table, const char *key)
{
    for (const TomlValue *child = table->first_child; child != NULL; child = child->next)
        if (text_equals(child->key, key))
            return child;
    return NULL;
}
