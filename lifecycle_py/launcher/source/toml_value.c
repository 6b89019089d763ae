/* Keys and values of TOML: what stands left and right of "=". */
#include <ctype.h>
#include <string.h>

#include "toml_reader.h"

/* Deeper nesting is an attack on the stack, not a configuration. */
enum { MAX_DEPTH = 64 };

static bool read_value(TomlReader *reader, TomlValue **value);

TomlValue *toml_new(TomlKind kind, TomlOrigin origin)
{
    TomlValue *value = allocate(sizeof *value);
    *value = (TomlValue){.kind = kind, .origin = origin};
    return value;
}

void toml_add(TomlValue *parent, TomlValue *child)
{
    if (parent->last_child == NULL)
        parent->first_child = child;
    else
        parent->last_child->next = child;
    parent->last_child = child;
}

TomlValue *toml_find(const TomlValue *table, Text key)
{
    for (TomlValue *child = table->first_child; child != NULL; child = child->next)
        if (child->key.length == key.length && memcmp(child->key.bytes, key.bytes, key.length) == 0)
            return child;
    return NULL;
}

static bool is_bare_key_character(char character)
{
    unsigned char value = (unsigned char)character;
    return value < 0x80 && (isalnum(value) || value == '_' || value == '-');
}

bool toml_read_key(TomlReader *reader, Text *key)
{
    if (toml_looking_at(reader, "\"") || toml_looking_at(reader, "'"))
        return toml_read_single_line_string(reader, key);
    Buffer buffer = {0};
    while (reader->at < reader->end && is_bare_key_character(*reader->at))
        buffer_add(&buffer, reader->at++, 1);
    if (buffer.length == 0)
        return toml_fail(reader, "expected a key");
    *key = buffer_text(&buffer);
    return true;
}

/*
 * The table that a dotted key goes through. Only a table without a header may be extended so; that its keys stand under
 * the same header as this one needs no check, because every way from another header passes a table with a header.
 */
static TomlValue *dotted_table(TomlReader *reader, TomlValue *parent, Text key)
{
    TomlValue *table = toml_find(parent, key);
    if (table == NULL) {
        table = toml_new(TOML_TABLE, TOML_IMPLIED);
        table->key = key;
        toml_add(parent, table);
    }
    bool is_open = table->origin == TOML_IMPLIED || table->origin == TOML_DOTTED;
    if (table->kind != TOML_TABLE || !is_open) {
        toml_fail(reader, "dotted key reaches into a value that is already complete");
        return NULL;
    }
    table->origin = TOML_DOTTED;
    return table;
}

bool toml_read_pair(TomlReader *reader, TomlValue *table)
{
    Text key;
    if (!toml_read_key(reader, &key))
        return false;
    for (toml_skip_blanks(reader); toml_take(reader, "."); toml_skip_blanks(reader)) {
        table = dotted_table(reader, table, key);
        toml_skip_blanks(reader);
        if (table == NULL || !toml_read_key(reader, &key))
            return false;
    }
    if (!toml_take(reader, "="))
        return toml_fail(reader, "expected '=' after a key");
    if (toml_find(table, key) != NULL)
        return toml_fail(reader, "key was already set");

    TomlValue *value;
    toml_skip_blanks(reader);
    if (!read_value(reader, &value))
        return false;
    value->key = key;
    toml_add(table, value);
    return true;
}

static bool read_array(TomlReader *reader, TomlValue *array)
{
    for (;;) {
        TomlValue *element;
        if (!toml_skip_blank_lines(reader))
            return false;
        if (toml_take(reader, "]"))
            return true;
        if (!read_value(reader, &element))
            return false;
        toml_add(array, element);
        if (!toml_skip_blank_lines(reader))
            return false;
        if (!toml_take(reader, ",") && !toml_looking_at(reader, "]"))
            return toml_fail(reader, "expected ',' or ']' in an array");
    }
}

/* On one line and without a comma at the end, as TOML 1.0 has it. */
static bool read_inline_table(TomlReader *reader, TomlValue *table)
{
    toml_skip_blanks(reader);
    if (toml_take(reader, "}"))
        return true;
    do {
        toml_skip_blanks(reader);
        if (!toml_read_pair(reader, table))
            return false;
        toml_skip_blanks(reader);
    } while (toml_take(reader, ","));
    return toml_take(reader, "}") || toml_fail(reader, "expected ',' or '}' in an inline table");
}

/* The position is at "[" or "{". */
static bool read_nested(TomlReader *reader, TomlValue **value)
{
    if (reader->depth == MAX_DEPTH)
        return toml_fail(reader, "values are nested too deeply");
    reader->depth++;
    bool is_array = *reader->at++ == '[';
    *value = toml_new(is_array ? TOML_ARRAY : TOML_TABLE, TOML_COMPLETE);
    bool went_well = is_array ? read_array(reader, *value) : read_inline_table(reader, *value);
    reader->depth--;
    return went_well;
}

static bool is_opaque_character(char character)
{
    return is_bare_key_character(character) || (character != '\0' && strchr("+.:", character) != NULL);
}

/* "2024-02-29 13:45": a date and a time may be parted by one space. */
static bool is_space_within_date(const char *start, const TomlReader *reader)
{
    return reader->at - start == 10 && start[4] == '-' && start[7] == '-' && reader->end - reader->at > 3
           && reader->at[0] == ' ' && isdigit((unsigned char)reader->at[1]) && isdigit((unsigned char)reader->at[2])
           && reader->at[3] == ':';
}

/* Numbers and dates are skipped by their alphabet: to judge them is the business of who wrote the file. */
static bool skip_opaque(TomlReader *reader)
{
    const char *start = reader->at;
    if (!isdigit((unsigned char)*start) && *start != '+' && *start != '-' && !toml_looking_at(reader, "inf")
        && !toml_looking_at(reader, "nan"))
        return toml_fail(reader, "expected a value");
    while (reader->at < reader->end && (is_opaque_character(*reader->at) || is_space_within_date(start, reader)))
        reader->at++;
    return true;
}

static bool read_value(TomlReader *reader, TomlValue **value)
{
    if (reader->at == reader->end)
        return toml_fail(reader, "expected a value");
    if (*reader->at == '[' || *reader->at == '{')
        return read_nested(reader, value);
    if (*reader->at == '"' || *reader->at == '\'') {
        *value = toml_new(TOML_STRING, TOML_COMPLETE);
        return toml_read_string(reader, &(*value)->text);
    }
    bool is_true = toml_take(reader, "true");
    if (is_true || toml_take(reader, "false")) {
        *value = toml_new(TOML_BOOLEAN, TOML_COMPLETE);
        (*value)->truth = is_true;
        return true;
    }
    *value = toml_new(TOML_OPAQUE, TOML_COMPLETE);
    return skip_opaque(reader);
}
